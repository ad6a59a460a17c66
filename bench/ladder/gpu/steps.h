// The ladder of the GPU as the host sees it: what its steps are called, and how to run them
// (bench/ladder/cuda/ says what each may be asked for). No header of CUDA is needed here.
#pragma once

#include "kernels/kernels.h"

namespace lathe {

template <class Args>
struct GpuStep {
  const char* name;
  const char* adds;  // to the step before
  Precision precision;
  void (*run)(const Args&, Stream);
};

struct GpuLadder {
  static constexpr int kGemm = 8, kAttention = 6;
  GpuStep<GemmArgs> gemm[kGemm];
  GpuStep<AttentionForwardArgs> attention[kAttention];

  // Arithmetic alone, of `blocks` of kPeakThreads threads, for the peak that steps are compared
  // with: every thread multiplies and adds kPeakChains floats, every warp as many 16 x 16 x 8 of
  // bfloat16s, `steps` times. out: a number a thread.
  static constexpr int kPeakThreads = 256, kPeakChains = 8;
  void (*multiply_floats)(int64_t blocks, int steps, float* out, Stream);
  void (*multiply_bfloat16s)(int64_t blocks, int steps, float* out, Stream);
  // Whether the GPU is a Hopper: then every warpgroup (four warps) multiplies 64 x 16 by
  // 16 x kWarpgroupColumns of bfloat16s, `steps` times, a multiple of 4.
  static constexpr int kWarpgroupColumns = 256;
  bool (*has_warpgroups)();
  void (*multiply_by_warpgroups)(int64_t blocks, int steps, float* out, Stream);
};

// For the GPU, and for the emulator of tests/simt/.
namespace cuda {
const GpuLadder& gpu_ladder();
}
namespace cuda_emulated {
const GpuLadder& gpu_ladder();
}

}  // namespace lathe
