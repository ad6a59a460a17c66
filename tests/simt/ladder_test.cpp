// Every rung of the GPU's ladder (bench/ladder/cuda/) on shapes below, at and above its tiles, in
// the emulator; and that a rung which errs is found.
#include "bench/ladder/gpu/ladder.h"

#include <cuda_runtime.h>
#include <gtest/gtest.h>

#include "base/error.h"
#include "tests/simt/emulated_gpu.h"
#include "tests/simt/hopper.h"

namespace lathe::bench {
namespace {

// Null: the host's memory, whose every bound AddressSanitizer sees.
Device* gpu() {
#ifdef __SANITIZE_ADDRESS__
  return nullptr;
#else
  return &testing::emulated_gpu();
#endif
}

std::string wrong_on(const GpuClimb& climb, int64_t offset) {
  try {
    return first_wrong_rung(climb, reference_kernels(), gpu(), offset);
  } catch (const simt::Violation& violation) {
    return violation.what();
  }
}

TEST(GpuLadderTest, EveryProductIsTheReferences) {
  const int64_t sizes[][3] = {{1, 1, 1},      {5, 7, 3},     {33, 65, 34},
                              {130, 136, 40}, {70, 131, 33}, {3, 5, 0}};
  for (const auto& [m, n, k] : sizes) {
    EXPECT_EQ(wrong_on(gemm_climb(cuda_emulated::gpu_ladder(), m, n, k), m % 2), "");
  }
  EXPECT_EQ(wrong_on(gemm_climb(cuda_emulated::gpu_ladder(), 64, 72, 40), 1), "");
}

TEST(GpuLadderTest, EveryAttentionIsTheReferences) {
  const GpuLadder& steps = cuda_emulated::gpu_ladder();
  EXPECT_EQ(wrong_on(attention_climb(steps, {1}, 1, 1), 0), "");
  EXPECT_EQ(wrong_on(attention_climb(steps, {3, 1, 7, 2}, 3, 5), 0), "");
  EXPECT_EQ(wrong_on(attention_climb(steps, {53, 65}, 2, 32), 1), "");
  EXPECT_EQ(wrong_on(attention_climb(steps, {130}, 1, 64), 0), "");
  EXPECT_EQ(wrong_on(attention_climb(steps, {33, 6}, 1, 100), 0), "");
  EXPECT_EQ(wrong_on(attention_climb(steps, {300}, 1, 24), 0),
            "");  // more than blocks take at once
}

// The last element is the one that a step with a wrong edge misses.
void gemm_without_its_last_element(const GemmArgs& args, Stream stream) {
  GemmArgs less = args;
  less.m -= 1;
  cuda_emulated::gpu_ladder().gemm[2].run(less, stream);
}

TEST(GpuLadderTest, AWrongRungIsNamed) {
  GpuClimb climb = gemm_climb(cuda_emulated::gpu_ladder(), 9, 13, 17);
  climb.rungs[2].kernels.gemm = gemm_without_its_last_element;
  const std::string wrong = wrong_on(climb, 0);
  EXPECT_NE(wrong.find("rung 3 shared: c[104]"), std::string::npos) << wrong;
}

TEST(GpuLadderTest, EveryRungGetsARow) {
  ::testing::internal::CaptureStdout();
  print_speeds(gemm_climb(cuda_emulated::gpu_ladder(), 2, 3, 4), {1e9, 1e9, 0},
               testing::emulated_gpu());
  const std::string table = ::testing::internal::GetCapturedStdout();
  for (const auto& step : cuda_emulated::gpu_ladder().gemm) {
    EXPECT_NE(table.find(concat("\n", step.name, " ")), std::string::npos) << table;
  }
}

// Chains of floats go from 0 … 7 up by a step's 1 / 16; each step adds 16 to every sum of mma.
TEST(GpuLadderTest, PeaksAreOfProductsThatAreMade) {
  constexpr int kBlocks = 2, kSteps = 5, kThreads = GpuLadder::kPeakThreads;
  const GpuLadder& steps = cuda_emulated::gpu_ladder();
  std::vector<float> out(static_cast<std::size_t>(kBlocks * kThreads));
  steps.multiply_floats(kBlocks, kSteps, out.data(), nullptr);
  for (const float x : out) EXPECT_EQ(x, 28 + GpuLadder::kPeakChains * kSteps * 0x1p-4f);
  steps.multiply_bfloat16s(kBlocks, kSteps, out.data(), nullptr);
  for (const float x : out) EXPECT_EQ(x, GpuLadder::kPeakChains * 4 * 16 * kSteps);
  steps.multiply_by_warpgroups(kBlocks, 8, out.data(), nullptr);
  for (const float x : out) EXPECT_EQ(x, GpuLadder::kWarpgroupColumns / 2 * 16 * 8);
}

TEST(GpuLadderTest, TheLastProductOnHopperIsTheReferences) {
  simt::pretend_to_be({9, 3});
  EXPECT_EQ(wrong_on(gemm_climb(cuda_emulated::gpu_ladder(), 130, 136, 70), 0), "");
  simt::pretend_to_be({});
}

}  // namespace
}  // namespace lathe::bench
