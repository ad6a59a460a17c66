#include "kernels/reference/ops.h"

namespace lathe {

const Kernels& reference_kernels() {
  static constexpr Kernels kTable = {
      .name = "reference",
      .cast = reference::cast,
      .gemm = reference::gemm,
      .tanh_backward = reference::tanh_backward,
      .dropout = reference::dropout,
      .embedding_forward = reference::embedding_forward,
      .embedding_backward = reference::embedding_backward,
      .add_norm_forward = reference::add_norm_forward,
      .add_norm_backward = reference::add_norm_backward,
      .attention_forward = reference::attention_forward,
      .attention_backward = reference::attention_backward,
      .attention_pool_forward = reference::attention_pool_forward,
      .attention_pool_backward = reference::attention_pool_backward,
      .gather_rows = reference::gather_rows,
      .scatter_add_rows = reference::scatter_add_rows,
      .zero = reference::zero,
      .cross_entropy = reference::cross_entropy,
      .binary_cross_entropy = reference::binary_cross_entropy,
      .squared_error = reference::squared_error,
      .sum = reference::sum,
      .squared_norm = reference::squared_norm,
      .adamw = reference::adamw,
  };
  return kTable;
}

}  // namespace lathe
