#include <omp.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <limits>

#include "bench/ladder/ladder.h"
#include "bench/support/peaks.h"
#include "kernels/device.h"
#include "tests/kernels/compare.h"

namespace lathe::bench {
namespace {

using testing::Operands;

// That of the suites (bench/support/cases.cpp).
constexpr double kTolerance = 4e-5;

// Other work on the machine and its changing clock meet all rungs alike when these take turns.
constexpr int kRounds = 7;
constexpr double kSecondsPerTurn = 0.04;

double seconds(const testing::Case& problem, const Kernels& kernels, Operands& operands) {
  using Clock = std::chrono::steady_clock;
  const Clock::time_point start = Clock::now();
  problem.run(kernels, operands);
  return std::chrono::duration<double>(Clock::now() - start).count();
}

double best_seconds(const testing::Case& problem, const Rung& rung, Operands& operands) {
  omp_set_num_threads(rung.threads);
  double best = std::numeric_limits<double>::max(), total = 0;
  while (total < kSecondsPerTurn) {
    const double elapsed = seconds(problem, rung.kernels, operands);
    best = std::min(best, elapsed);
    total += elapsed;
  }
  return best;
}

}  // namespace

std::string first_wrong_rung(const Ladder& ladder, int64_t offset) {
  const Operands expected = run_case(ladder.problem, reference_kernels(), prepare(ladder.problem));
  const Operands operands = prepare(ladder.problem, offset);
  for (const Rung& rung : ladder.rungs) {
    const Operands found = run_case(ladder.problem, rung.kernels, operands, rung.threads);
    const std::string wrong = testing::difference(expected, found, kTolerance);
    if (!wrong.empty()) {
      return concat(ladder.problem.name, " on ", ladder.backend, ", rung ", rung.name, ": ", wrong);
    }
  }
  return "";
}

void print_speeds(const Ladder& ladder) {
  const testing::Case& problem = ladder.problem;
  Operands operands = prepare(problem);
  operands.move_to(host_device());  // whole pages, as a model's tensors lie in
  double peak = 0;
  std::vector<double> best(ladder.rungs.size(), std::numeric_limits<double>::max());
  for (int round = 0; round < kRounds; ++round) {
    peak = std::max(peak, arithmetic_peak(ladder.backend, false));
    for (std::size_t i = 0; i < best.size(); ++i)
      best[i] = std::min(best[i], best_seconds(problem, ladder.rungs[i], operands));
  }

  std::printf("\n%s: %.0f MFLOP on %s, peak of a thread %.0f GFLOP/s\n", problem.name.c_str(),
              problem.flops * 1e-6, ladder.backend.c_str(), peak * 1e-9);
  std::printf("%-12s %-50s %8s %8s %9s\n", "rung", "what it adds", "GFLOP/s", "of peak",
              "speed-up");
  for (std::size_t i = 0; i < best.size(); ++i) {
    const Rung& rung = ladder.rungs[i];
    const double speed = problem.flops / best[i];
    std::printf("%-12s %-50s %8.1f %6.1f %%", rung.name, rung.adds, speed * 1e-9,
                100 * speed / (rung.threads * peak));
    if (i > 0) std::printf(" %7.2f x", best[i - 1] / best[i]);
    std::printf("\n");
  }
}

}  // namespace lathe::bench
