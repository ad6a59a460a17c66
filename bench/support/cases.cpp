#include "bench/support/cases.h"

#include <benchmark/benchmark.h>
#include <omp.h>

#include <algorithm>
#include <chrono>
#include <limits>

#include "bench/support/suite.h"
#include "tests/kernels/compare.h"

namespace lathe::bench {
namespace {

using testing::Case;
using testing::Operands;

// Twice the tests' (tests/kernels/backends_test.cpp): these sums are up to four times as long.
constexpr double kTolerance = 4e-5;
// Where bfloat16s are among the operands: of floats, which are as coarse as what they come from,
// and of bfloat16s. The tests' widest.
constexpr double kToleranceFromHalves = 0x1p-5, kHalfTolerance = 0x1p-6;

// Running an op again and again lets sums grow and moments fade to denormals: its operands are set
// back before that matters.
constexpr int kRunsBeforeReset = 100;

// Empty, or what the backend gets wrong. The reference is slow: it runs once for all backends.
std::string check(const Case& c, const Kernels& kernels, const Operands& operands, int threads) {
  static std::string name;
  static Operands expected;
  if (name != c.name) {
    expected = testing::run_case(c, reference_kernels(), operands);
    name = c.name;
  }
  const Operands found = testing::run_case(c, kernels, operands, threads);
  const double tolerance = operands.halves().empty() ? kTolerance : kToleranceFromHalves;
  return testing::difference(expected, found, tolerance, c.half_slack * kHalfTolerance);
}

// Of many runs within 0.2 seconds, not counting the first.
double best_seconds(const Case& c, const Kernels& kernels, const Operands& fresh) {
  using Clock = std::chrono::steady_clock;
  Operands operands = fresh;
  c.run(kernels, operands);
  double best = std::numeric_limits<double>::max(), total = 0;
  for (int runs = 1; total < 0.2; ++runs) {
    if (runs % kRunsBeforeReset == 0) operands = fresh;
    const Clock::time_point start = Clock::now();
    c.run(kernels, operands);
    const double elapsed = std::chrono::duration<double>(Clock::now() - start).count();
    best = std::min(best, elapsed);
    total += elapsed;
  }
  return best;
}

void run(benchmark::State& state, const Case& c, const Kernels& kernels, int threads) {
  const Operands operands = testing::prepare(c);
  const std::string wrong = check(c, kernels, operands, threads);
  if (!wrong.empty()) state.SkipWithError(wrong.c_str());
  double best = 0;
  while (state.KeepRunning()) {
    best = best_seconds(c, kernels, operands);
    state.SetIterationTime(best);
  }
  if (!wrong.empty()) return;
  show(state, {.flops = c.flops, .bytes = c.bytes, .bfloat16 = c.bfloat16, .threads = threads},
       best, kernels.name);
}

void add(const Case& c, const Kernels& kernels, int threads) {
  const std::string name = concat(c.name, "/", kernels.name, "/", threads, "t");
  const auto body = [&c, &kernels, threads](benchmark::State& state) {
    run(state, c, kernels, threads);
  };
  benchmark::RegisterBenchmark(name.c_str(), body)
      ->Iterations(1)
      ->UseManualTime()
      ->Unit(benchmark::kMicrosecond);
}

}  // namespace

int run_cases(int argc, char** argv, const std::vector<Case>& cases) {
  const int all_threads = omp_get_max_threads();
  for (const Case& c : cases) {
    const Kernels* const* backend = available_cpu_kernels();
    for (; *backend != nullptr; ++backend) add(c, **backend, 1);
    if (all_threads > 1) add(c, *backend[-1], all_threads);
  }
  return run_suite(argc, argv);
}

}  // namespace lathe::bench
