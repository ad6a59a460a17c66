#include "kernels/kernels.h"

namespace lathe {

namespace {

template <class Args>
void nothing(const Args&, Stream) {}

constexpr Kernels table(bool pools) {
  return {
      .name = "dry",
      .cast = nothing,
      .gemm = nothing,
      .tanh_backward = nothing,
      .dropout = nothing,
      .embedding_forward = nothing,
      .embedding_backward = nothing,
      .add_norm_forward = nothing,
      .add_norm_backward = nothing,
      .attention_forward = nothing,
      .attention_backward = nothing,
      .attention_pool_forward = pools ? nothing<AttentionPoolForwardArgs> : nullptr,
      .attention_pool_backward = pools ? nothing<AttentionPoolBackwardArgs> : nullptr,
      .gather_rows = nothing,
      .scatter_add_rows = nothing,
      .zero = nothing,
      .cross_entropy = nothing,
      .binary_cross_entropy = nothing,
      .squared_error = nothing,
      .sum = nothing,
      .squared_norm = nothing,
      .adamw = nothing,
  };
}

}  // namespace

const Kernels& dry_kernels(bool pools) {
  static constexpr Kernels kPooling = table(true), kOther = table(false);
  return pools ? kPooling : kOther;
}

}  // namespace lathe
