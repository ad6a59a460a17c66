#include "kernels/cpu/ops.h"

#define LATHE_TEXT_OF(token) #token
#define LATHE_TEXT(macro) LATHE_TEXT_OF(macro)

namespace lathe::cpu::LATHE_ISA {

const Kernels& kernels();

const Kernels& kernels() {
  static constexpr Kernels kTable = {
      .name = LATHE_TEXT(LATHE_ISA),
      .gemm = gemm,
      .tanh_backward = nullptr,
      .dropout = nullptr,
      .embedding_forward = nullptr,
      .embedding_backward = nullptr,
      .add_norm_forward = nullptr,
      .add_norm_backward = nullptr,
      .attention_forward = nullptr,
      .attention_backward = nullptr,
      .gather_rows = nullptr,
      .scatter_add_rows = nullptr,
      .zero = nullptr,
      .cross_entropy = nullptr,
      .binary_cross_entropy = nullptr,
      .squared_error = nullptr,
      .squared_norm = nullptr,
      .adamw = nullptr,
  };
  return kTable;
}

}  // namespace lathe::cpu::LATHE_ISA
