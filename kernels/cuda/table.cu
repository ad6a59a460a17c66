#include "kernels/cuda/gemm.h"
#include "kernels/cuda/ops.h"

namespace lathe::LATHE_CUDA {

namespace {

constexpr Kernels table_with(const char* name, void (*product)(const GemmArgs&, Stream)) {
  return {
      .name = name,
      .cast = cast,
      .gemm = product,
      .tanh_backward = tanh_backward,
      .dropout = dropout,
      .embedding_forward = embedding_forward,
      .embedding_backward = embedding_backward,
      .add_norm_forward = add_norm_forward,
      .add_norm_backward = add_norm_backward,
      .attention_forward = attention_forward,
      .attention_backward = attention_backward,
      .attention_pool_forward = nullptr,
      .attention_pool_backward = nullptr,
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
}

}  // namespace

const Kernels& kernels(Gemm gemm_kind) {
  static constexpr Kernels kCublasTable = table_with("gemm by cublasLt", gemm_cublas);
  static constexpr Kernels kOwnTable = table_with("gemm by Lathe", gemm);
  return gemm_kind == Gemm::kCublas && has_cublas() ? kCublasTable : kOwnTable;
}

}  // namespace lathe::LATHE_CUDA
