#include "kernels/cpu/ops.h"

#define LATHE_TEXT_OF(token) #token
#define LATHE_TEXT(macro) LATHE_TEXT_OF(macro)

namespace lathe::cpu::LATHE_ISA {

const Kernels& kernels();

const Kernels& kernels() {
  static constexpr Kernels kTable = {
      .name = LATHE_TEXT(LATHE_ISA),
      .cast = cast,
      .gemm = gemm,
      .tanh_backward = tanh_backward,
      .dropout = dropout,
      .embedding_forward = embedding_forward,
      .embedding_backward = embedding_backward,
      .add_norm_forward = add_norm_forward,
      .add_norm_backward = add_norm_backward,
      .attention_forward = attention_forward,
      .attention_backward = attention_backward,
      .attention_pool_forward = attention_pool_forward,
      .attention_pool_backward = attention_pool_backward,
      .gather_rows = gather_rows,
      .scatter_add_rows = scatter_add_rows,
      .zero = zero,
      .cross_entropy = cross_entropy,
      .binary_cross_entropy = binary_cross_entropy,
      .squared_error = squared_error,
      .sum = sum,
      .squared_norm = squared_norm,
      .adamw = adamw,
  };
  return kTable;
}

}  // namespace lathe::cpu::LATHE_ISA
