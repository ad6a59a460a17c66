#include "bench/support/suite.h"

#include <omp.h>

#include <algorithm>
#include <chrono>
#include <limits>
#include <vector>

#include "base/error.h"
#include "bench/support/peaks.h"
#include "kernels/kernels.h"

namespace lathe::bench {
namespace {

double best_seconds(const Work& work) {
  using Clock = std::chrono::steady_clock;
  work.before();
  work.run();
  double best = std::numeric_limits<double>::max(), total = 0;
  for (int runs = 0; runs < 2 || total < 0.5; ++runs) {
    work.before();
    const Clock::time_point start = Clock::now();
    work.run();
    const double elapsed = std::chrono::duration<double>(Clock::now() - start).count();
    best = std::min(best, elapsed);
    total += elapsed;
  }
  return best;
}

void run(benchmark::State& state, const std::function<Work()>& prepare, int threads) {
  omp_set_num_threads(threads);
  std::string wrong;
  double best = 0;
  Cost cost;
  try {
    const Work work = prepare();
    cost = work.cost;
    cost.threads = threads;
    wrong = work.check();
    if (wrong.empty()) best = best_seconds(work);
  } catch (const Error& error) {
    wrong = error.what();
  }
  if (!wrong.empty()) state.SkipWithError(wrong.c_str());
  while (state.KeepRunning()) state.SetIterationTime(best);
  if (wrong.empty()) show(state, cost, best, cpu_kernels().name);
}

}  // namespace

void show(benchmark::State& state, const Cost& cost, double seconds, const char* backend) {
  if (cost.flops > 0) {
    const double peak = cost.threads * arithmetic_peak(backend, cost.bfloat16);
    state.counters["GFLOP/s"] = cost.flops / seconds * 1e-9;
    state.counters["peak%"] = 100 * cost.flops / seconds / peak;
  } else if (cost.bytes > 0) {
    const double peak = copy_peak(static_cast<int64_t>(cost.bytes), cost.threads);
    state.counters["GB/s"] = cost.bytes / seconds * 1e-9;
    state.counters["copy%"] = 100 * cost.bytes / seconds / peak;
  }
  if (cost.items > 0) state.counters[cost.of_what] = cost.items / seconds;
}

void add(const std::string& name, Threads threads, const std::function<Work()>& prepare) {
  const int all = omp_get_max_threads();
  std::vector<int> counts;
  if (threads != Threads::kAll || all == 1) counts.push_back(1);
  if (threads != Threads::kOne && all > 1) counts.push_back(all);
  for (const int count : counts) {
    const auto body = [=](benchmark::State& state) { run(state, prepare, count); };
    benchmark::RegisterBenchmark(concat(name, "/", count, "t").c_str(), body)
        ->Iterations(1)
        ->UseManualTime()
        ->Unit(benchmark::kMillisecond);
  }
}

int run_suite(int argc, char** argv) {
  benchmark::Initialize(&argc, argv);
  if (benchmark::ReportUnrecognizedArguments(argc, argv)) return 1;
  benchmark::RunSpecifiedBenchmarks();
  return 0;
}

}  // namespace lathe::bench
