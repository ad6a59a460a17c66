#include "bench/ladder/gpu/ladder.h"

#include <omp.h>

#include <cstdio>

#include "base/error.h"
#include "bench/gpu/timing.h"
#include "tensor/buffer.h"
#include "tests/kernels/cases/attention.h"
#include "tests/kernels/cases/gemm.h"
#include "tests/kernels/compare.h"

namespace lathe::bench {
namespace {

using testing::Case;
using testing::Operands;

// Of floats that of the processor's ladder; of bfloat16s twice their last place, since attention
// may round p too.
constexpr double kTolerance = 4e-5, kHalfTolerance = 0x1p-6;

const Case& case_of(const GpuClimb& climb, const GpuRung& rung) {
  return rung.precision == Precision::kF32 ? climb.floats : climb.bfloat16s;
}

Operands run(const Case& c, const Kernels& kernels, Operands operands, Device* gpu) {
  if (gpu == nullptr) return testing::run_case(c, kernels, std::move(operands));
  operands.move_to(*gpu);
  c.run(kernels, operands);
  operands.fetch();
  return operands;
}

// A table whose only ops are those of a step.
Kernels table_of(const GpuStep<GemmArgs>& step) {
  Kernels kernels{};
  kernels.name = step.name, kernels.gemm = step.run;
  return kernels;
}
Kernels table_of(const GpuStep<AttentionForwardArgs>& step) {
  Kernels kernels{};
  kernels.name = step.name, kernels.attention_forward = step.run;
  return kernels;
}

template <class Steps>
std::vector<GpuRung> rungs_of(const Steps& steps) {
  std::vector<GpuRung> rungs;
  for (const auto& step : steps)
    rungs.push_back({step.name, step.adds, step.precision, table_of(step)});
  return rungs;
}

}  // namespace

GpuClimb gemm_climb(const GpuLadder& steps, int64_t m, int64_t n, int64_t k) {
  testing::GemmShape shape{.m = m, .n = n, .k = k};
  const Case floats = testing::gemm_case(shape);
  shape.operands = shape.result = Precision::kBF16;
  return {floats, testing::gemm_case(shape), rungs_of(steps.gemm)};
}

GpuClimb attention_climb(const GpuLadder& steps, const std::vector<int32_t>& lengths, int64_t heads,
                         int64_t head_size) {
  const std::string name = concat(lengths.size(), "x", lengths.front(), "/", heads, "x", head_size);
  testing::AttentionShape shape{name, lengths, heads, head_size};
  const Case floats = testing::attention_forward_case(shape, false);
  shape.precision = Precision::kBF16;
  return {floats, testing::attention_forward_case(shape, false), rungs_of(steps.attention)};
}

std::string first_wrong_rung(const GpuClimb& climb, const Kernels& oracle, Device* gpu,
                             int64_t offset) {
  const testing::BothExpected both =
      testing::expect_both(climb.floats, climb.bfloat16s, oracle, omp_get_max_threads(), offset);
  for (const GpuRung& rung : climb.rungs) {
    const Case& c = case_of(climb, rung);
    const testing::Expectation& expected =
        rung.precision == Precision::kF32 ? both.floats : both.bfloat16s;
    const Operands found = run(c, rung.kernels, expected.operands, gpu);
    const std::string wrong =
        testing::difference(expected.results, found, kTolerance, kHalfTolerance);
    if (!wrong.empty()) return concat(c.name, ", rung ", rung.name, ": ", wrong);
  }
  return "";
}

GpuPeaks measure_peaks(const GpuLadder& steps, Device& gpu) {
  // Eight blocks on each of 132 multiprocessors, 32 times over: few of which the last find company.
  constexpr int64_t kBlocks = 8 * 132 * 32, kThreads = kBlocks * GpuLadder::kPeakThreads;
  constexpr int kFloatSteps = 2048, kBf16Steps = 512;
  const Buffer out(kThreads * int64_t{sizeof(float)}, "a peak", gpu);
  auto* numbers = reinterpret_cast<float*>(out.data());
  const double floats =
      seconds_of(gpu, [&] { steps.multiply_floats(kBlocks, kFloatSteps, numbers, gpu.stream()); });
  const double bfloat16s = seconds_of(
      gpu, [&] { steps.multiply_bfloat16s(kBlocks, kBf16Steps, numbers, gpu.stream()); });
  constexpr double kOfThread = 2.0 * GpuLadder::kPeakChains;
  constexpr double kOfWarp = kOfThread * 16 * 16 * 8;
  GpuPeaks peaks{kOfThread * kThreads * kFloatSteps / floats,
                 kOfWarp * kThreads / 32 * kBf16Steps / bfloat16s, 0};
  if (steps.has_warpgroups()) {
    constexpr int kSteps = 256;
    constexpr int64_t kWarpgroups = kThreads / 8 / 128;
    constexpr double kOfWarpgroup = 2.0 * 64 * 16 * GpuLadder::kWarpgroupColumns;
    const double seconds = seconds_of(
        gpu, [&] { steps.multiply_by_warpgroups(kBlocks / 8, kSteps, numbers, gpu.stream()); });
    peaks.by_wgmma = kOfWarpgroup * kWarpgroups * kSteps / seconds;
  }
  return peaks;
}

void print_speeds(const GpuClimb& climb, const GpuPeaks& peaks, Device& gpu) {
  std::printf("\n%s: %.1f GFLOP on %s\n", climb.floats.name.c_str(), climb.floats.flops * 1e-9,
              gpu.description().c_str());
  std::printf("%-12s %-50s %-5s %10s %9s %8s %9s\n", "rung", "what it adds", "", "us", "TFLOP/s",
              "of peak", "speed-up");
  Operands of_floats = testing::prepare(climb.floats);
  Operands of_bfloat16s = testing::prepare(climb.bfloat16s);
  of_floats.move_to(gpu), of_bfloat16s.move_to(gpu);
  double before = 0;
  for (const GpuRung& rung : climb.rungs) {
    const Case& c = case_of(climb, rung);
    const bool floats = rung.precision == Precision::kF32;
    Operands& operands = floats ? of_floats : of_bfloat16s;
    const double seconds = seconds_of(gpu, [&] { c.run(rung.kernels, operands); });
    const double speed = c.flops / seconds, peak = floats ? peaks.floats : peaks.bfloat16s();
    std::printf("%-12s %-50s %-5s %10.1f %9.1f %6.1f %%", rung.name, rung.adds,
                floats ? "f32" : "bf16", seconds * 1e6, speed * 1e-12, 100 * speed / peak);
    if (before > 0) std::printf(" %7.2f x", before / seconds);
    std::printf("\n");
    before = seconds;
  }
}

}  // namespace lathe::bench
