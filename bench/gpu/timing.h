// How long a GPU takes for something.
#pragma once

#include <algorithm>
#include <array>
#include <chrono>

#include "tensor/mark.h"

namespace lathe::bench {

// The median of five rounds of as many runs as fill `of_round` seconds, 1 … 1000; what the host
// asks for runs ahead of the GPU. run() asks for work on the GPU's stream.
template <class Run>
double seconds_of(Device& gpu, const Run& run, double of_round = 0.03) {
  using Clock = std::chrono::steady_clock;
  Mark done(gpu);
  const auto timed = [&](int runs) {
    const Clock::time_point start = Clock::now();
    for (int i = 0; i < runs; ++i) run();
    done.set();
    done.wait();
    return std::chrono::duration<double>(Clock::now() - start).count();
  };
  timed(1);  // with what the first run alone has to do
  const int runs = std::clamp(static_cast<int>(of_round / timed(1)), 1, 1000);
  std::array<double, 5> rounds;
  for (double& round : rounds) round = timed(runs) / runs;
  std::sort(rounds.begin(), rounds.end());
  return rounds[2];
}

}  // namespace lathe::bench
