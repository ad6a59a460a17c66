#include "bench/ladder/cuda/steps.h"
#include "kernels/cuda/ops.h"

namespace lathe::LATHE_CUDA {

const GpuLadder& gpu_ladder() {
  constexpr Precision kF32 = Precision::kF32, kBF16 = Precision::kBF16;
  static constexpr GpuLadder kLadder = {
      .gemm = {{"1 plain", "a thread a result", kF32, gemm_1_plain},
               {"2 coalesced", "neighbouring threads read neighbours", kF32, gemm_2_coalesced},
               {"3 shared", "tiles in shared memory", kF32, gemm_3_shared},
               {"4 registers", "8 x 8 results a thread", kF32, gemm_4_registers},
               {"5 vectors", "four numbers a load, two buffers", kF32, gemm_5_vectors},
               {"6 tensor", "tensor cores, bfloat16s", kBF16, gemm_6_tensor},
               {"7 kernel", "kernels/cuda/gemm_bf16: copies run ahead", kBF16, gemm}},
      .attention = {{"1 plain", "scores, softmax, context: three kernels", kF32, attention_1_plain},
                    {"2 online", "one kernel, no matrix of scores", kF32, attention_2_online},
                    {"3 tiles", "keys and values in shared memory", kF32, attention_3_tiles},
                    {"4 registers", "kernels/cuda/attention in f32", kF32, attention_forward},
                    {"5 tensor", "tensor cores, bfloat16s", kBF16, attention_5_tensor},
                    {"6 kernel", "kernels/cuda/attention_bf16: p stays in registers", kBF16,
                     attention_forward}},
      .multiply_floats = multiply_floats,
      .multiply_bfloat16s = multiply_bfloat16s,
  };
  return kLadder;
}

}  // namespace lathe::LATHE_CUDA
