// make ladder, on a machine with a GPU: the matrix product and attention in steps, each checked,
// then timed (docs/cuda.md). Without a GPU one line says so, and nothing is wrong.
#include <cstdio>
#include <exception>

#include "base/error.h"
#include "bench/ladder/gpu/ladder.h"

namespace lathe::bench {
namespace {

void require_no_wrong_rung(const GpuClimb& climb, const Kernels& oracle, Device& gpu) {
  const std::string wrong = first_wrong_rung(climb, oracle, &gpu);
  if (!wrong.empty()) fail(wrong);
}

// On shapes that end within tiles against the reference, on those that are timed against the
// processor's kernels.
void climb_all(Device& gpu) {
  const GpuLadder& steps = cuda::gpu_ladder();
  require_no_wrong_rung(gemm_climb(steps, 201, 133, 70), reference_kernels(), gpu);
  require_no_wrong_rung(attention_climb(steps, {301, 1, 70, 64}, 3, 64), reference_kernels(), gpu);
  // The gradient of the first half of BERT-base's feed-forward block, 8192 tokens; its attention
  // with the longest sequences there are.
  GpuClimb gemm = gemm_climb(steps, 8192, 3072, 768);
  const GpuClimb attention = attention_climb(steps, std::vector<int32_t>(32, 512), 12, 64);
  if (const Kernels& theirs = gpu.kernels(Gemm::kCublas); &theirs != &gpu.kernels(Gemm::kOwn)) {
    gemm.rungs.push_back({"cublasLt", "not a step: NVIDIA's library", Precision::kBF16, theirs});
  }
  require_no_wrong_rung(gemm, cpu_kernels(), gpu);
  require_no_wrong_rung(attention, cpu_kernels(), gpu);
  const GpuPeaks peaks = measure_peaks(steps, gpu);
  std::printf("peaks, TFLOP/s: f32 %.1f, bf16 by mma.sync %.1f", peaks.floats * 1e-12,
              peaks.by_mma * 1e-12);
  if (peaks.by_wgmma > 0) std::printf(", by wgmma %.1f", peaks.by_wgmma * 1e-12);
  std::printf("\n");
  print_speeds(gemm, peaks, gpu);
  print_speeds(attention, peaks, gpu);
}

}  // namespace
}  // namespace lathe::bench

int main() {
  lathe::Device* gpu = nullptr;
  try {
    gpu = lathe::cuda_device();
    if (gpu == nullptr) {
      std::printf("ladder: no GPU here (%s): the processor's ladder is all\n",
                  lathe::why_no_cuda());
      return 0;
    }
    std::setvbuf(stdout, nullptr, _IOLBF, 0);  // a row at a time, into a log too
    lathe::bench::climb_all(*gpu);
  } catch (const std::exception& error) {
    std::fprintf(stderr, "ladder: %s\n", error.what());
    return 1;
  }
  return 0;
}
