#include "bench/ladder/cuda/steps.h"
#include "kernels/cuda/bulk_copy.h"
#include "kernels/cuda/gemm.h"
#include "kernels/cuda/ops.h"
#include "kernels/cuda/readable_operand.h"

namespace lathe::LATHE_CUDA {

// As gemm() calls it where there is no wgmma.
void gemm_7_mma(const GemmArgs& args, Stream stream) {
  if (args.m > 0 && args.n > 0) gemm_mma(ReadableFactors(args, stream).args, stream);
}

const GpuLadder& gpu_ladder() {
  constexpr Precision kF32 = Precision::kF32, kBF16 = Precision::kBF16;
  static constexpr GpuLadder kLadder = {
      .gemm = {{"1 plain", "a thread a result", kF32, gemm_1_plain},
               {"2 coalesced", "neighbouring threads read neighbours", kF32, gemm_2_coalesced},
               {"3 shared", "tiles in shared memory", kF32, gemm_3_shared},
               {"4 registers", "8 x 8 results a thread", kF32, gemm_4_registers},
               {"5 vectors", "four numbers a load, two buffers", kF32, gemm_5_vectors},
               {"6 tensor", "tensor cores, bfloat16s", kBF16, gemm_6_tensor},
               {"7 mma", "kernels/cuda/gemm_mma: copies run ahead", kBF16, gemm_7_mma},
               {"8 wgmma", "kernels/cuda/gemm_wgmma, on Hopper; else as 7", kBF16, gemm}},
      .attention = {{"1 plain", "scores, softmax, context: three kernels", kF32, attention_1_plain},
                    {"2 online", "one kernel, no matrix of scores", kF32, attention_2_online},
                    {"3 tiles", "keys and values in shared memory", kF32, attention_3_tiles},
                    {"4 registers", "kernels/cuda/attention in f32", kF32, attention_forward},
                    {"5 tensor", "tensor cores, bfloat16s", kBF16, attention_5_tensor},
                    {"6 kernel", "kernels/cuda/attention_bf16: p stays in registers", kBF16,
                     attention_forward}},
      .multiply_floats = multiply_floats,
      .multiply_bfloat16s = multiply_bfloat16s,
      .has_warpgroups = is_hopper,
      .multiply_by_warpgroups = multiply_by_warpgroups,
  };
  return kLadder;
}

}  // namespace lathe::LATHE_CUDA
