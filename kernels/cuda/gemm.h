// What the forms of gemm share.
#pragma once

#include "kernels/cuda/device.h"

namespace lathe::LATHE_CUDA {

// Our own kernel in f32, with tiles of 64 x 64 or 128 x 128 results a block.
void gemm_tiled(const GemmArgs& args, int tile, Stream stream);

// The same on tensor cores, with operands rounded to bfloat16.
void gemm_bf16(const GemmArgs& args, Stream stream);

// a_row_sum[i] += Σ_l op(a)[i, l], in f32.
void add_row_sums(const GemmArgs& args, Stream stream);

// Whether this machine has cublasLt.
bool has_cublas();
// The product by cublasLt. False, and nothing done,
// where the machine has no cublasLt or it does not take the problem.
bool gemm_by_cublas(const GemmArgs& args, Stream stream);

// The exact GELU, x Φ(x), and its derivative Φ(x) + x φ(x).
__device__ inline float normal_cdf(float x) { return 0.5f * (1.0f + erff(x * 0.70710678f)); }
__device__ inline float gelu(float x) { return x * normal_cdf(x); }
__device__ inline float gelu_derivative(float x) {
  return normal_cdf(x) + x * 0.39894228f * expf(-0.5f * x * x);
}

// What becomes of the product at row i, column j, with everything but the product taken from
// memory.
// Not inlined: it is called from unrolled loops, and would make them many times as long.
__device__ LATHE_NOINLINE inline void finish_element(const GemmArgs& args, float product, int64_t i,
                                                     int64_t j) {
  const int64_t at = i * args.ldc + j;
  switch (args.epilogue) {
    case Epilogue::kNone:
      args.c[at] = args.accumulate ? args.c[at] + product : product;
      return;
    case Epilogue::kBias:
      args.c[at] = product + args.bias[j];
      return;
    case Epilogue::kBiasGelu: {
      const float x = product + args.bias[j];
      if (args.saved != nullptr) args.saved[at] = x;
      args.c[at] = gelu(x);
      return;
    }
    case Epilogue::kBiasTanh:
      args.c[at] = tanhf(product + args.bias[j]);
      return;
    case Epilogue::kGeluBackward:
      args.c[at] = product * gelu_derivative(args.saved[at]);
      return;
  }
}

}  // namespace lathe::LATHE_CUDA
