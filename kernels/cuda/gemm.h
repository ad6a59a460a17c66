// What the forms of gemm share.
#pragma once

#include "kernels/cuda/numbers.h"
#include "kernels/normal_tail.h"

namespace lathe::LATHE_CUDA {

// Our own kernel in f32, with tiles of 64 x 64 or 128 x 128 results a block.
void gemm_tiled(const GemmArgs& args, int tile, Stream stream);

// On tensor cores: operands that are bfloat16s, or floats rounded to them. By one of the two below.
void gemm_bf16(const GemmArgs& args, Stream stream);
// By mma.sync, on any GPU; by wgmma, on Hopper. Of operands that ReadableFactors has made, with
// results to compute. For wgmma k > 0.
void gemm_mma(const GemmArgs& args, Stream stream);  // without row sums
void gemm_wgmma(const GemmArgs& args, Stream stream);

// Whether gemm_wgmma does the row sums of such operands; else a_row_sum must be null there.
bool sums_rows_on_the_way(const GemmArgs& args);

// a_row_sum[i] += Σ_l op(a)[i, l], in f32.
void add_row_sums(const GemmArgs& args, Stream stream);

// Whether this machine has cublasLt.
bool has_cublas();
// The product by cublasLt. False, and nothing done,
// where the machine has no cublasLt or it does not take the problem.
bool gemm_by_cublas(const GemmArgs& args, Stream stream);

// y = x Φ(x), BERT's GELU, and its derivative Φ(x) + x φ(x), both from one exponential, as in
// kernels/cpu/vector_math.h and with the errors that it states. In half the instructions of erff
// and expf, which would take as long as a product's sums over k = 768.
struct Gelu {
  float value, derivative;
};
__device__ inline Gelu gelu(float x) {
  const float t = fminf(13.26f, fabsf(x));
  const float e = exp2_of(t * t * -0.72134752f);
  const float tail = e * normal_tail(t - 3.0f);
  const float cdf = x < 0.0f ? tail : 1.0f - tail;
  return {x * cdf, x * (0.398942280f * e) + cdf};
}

// x = gelu(x) of two neighbours, and their derivatives into `saved` unless it is null.
template <class T>
__device__ inline void gelu_pair(const GemmArgs& args, int64_t at, int left, bool pairs,
                                 float (&x)[2]) {
  const Gelu first = gelu(x[0]), second = gelu(x[1]);
  const float derivatives[2] = {first.derivative, second.derivative};
  if (args.saved.data != nullptr) store_group(as<T>(args.saved) + at, left, pairs, derivatives);
  x[0] = first.value, x[1] = second.value;
}

// The same of eight neighbours, which takes_eights below.
template <class T>
__device__ inline void gelu_eight(const GemmArgs& args, int64_t at, float (&x)[8]) {
  float derivatives[8];
  LATHE_UNROLL
  for (int u = 0; u < 8; ++u) {
    const Gelu g = gelu(x[u]);
    x[u] = g.value, derivatives[u] = g.derivative;
  }
  if (args.saved.data != nullptr) store_eight(as<T>(args.saved) + at, derivatives);
}

// Whether two neighbours of c, and of saved, at an even column can be read and written as one.
inline bool takes_pairs(const GemmArgs& args) {
  const uintptr_t all =
      reinterpret_cast<uintptr_t>(args.c.data) | reinterpret_cast<uintptr_t>(args.saved.data);
  const uintptr_t pair = args.c.precision == Precision::kF32 ? 8 : 4;
  return all % pair == 0 && args.ldc % 2 == 0 && args.n % 2 == 0;
}

// What becomes of the products at row i, columns j (even) and j + 1, with everything but the
// product taken from memory. T is the type of c and saved. A bias that is null is in them. Not
// inlined: it is called from unrolled loops, and would make them many times as long.
template <class T>
__device__ LATHE_NOINLINE void finish_pair(const GemmArgs& args, float first, float second,
                                           int64_t i, int64_t j, bool pairs) {
  if (i >= args.m || j >= args.n) return;
  const int64_t at = i * args.ldc + j;
  const int left = j + 1 < args.n ? 2 : 1;
  float x[2] = {first, second}, y[2];
  if (args.epilogue == Epilogue::kNone) {
    if (args.accumulate) {
      load_group(as<T>(args.c) + at, left, pairs, y);
      x[0] += y[0], x[1] += y[1];
    }
  } else if (args.epilogue == Epilogue::kGeluBackward) {
    load_group(as<T>(args.saved) + at, left, pairs, y);
    x[0] *= y[0], x[1] *= y[1];
  } else {
    if (args.bias.data != nullptr) {
      load_group(as<T>(args.bias) + j, left, false, y);
      x[0] += y[0], x[1] += y[1];
    }
    if (args.epilogue == Epilogue::kBiasGelu) {
      gelu_pair<T>(args, at, left, pairs, x);
    } else if (args.epilogue == Epilogue::kBiasTanh) {
      x[0] = tanhf(x[0]), x[1] = tanhf(x[1]);
    }
  }
  store_group(as<T>(args.c) + at, left, pairs, x);
}

struct Eight {
  float x[8];
};

// Whether eight neighbours of c, saved and bias from a multiple of 8 on can be read and written as
// one or two vectors.
inline bool takes_eights(const GemmArgs& args) {
  const uintptr_t all = reinterpret_cast<uintptr_t>(args.c.data) |
                        reinterpret_cast<uintptr_t>(args.saved.data) |
                        reinterpret_cast<uintptr_t>(args.bias.data);
  return all % 16 == 0 && args.ldc % 8 == 0 && args.n % 8 == 0;
}

// As finish_pair, at columns j (a multiple of 8) … j + 7. `eights`: takes_eights.
template <class T>
__device__ LATHE_NOINLINE void finish_eight(const GemmArgs& args, Eight products, int64_t i,
                                            int64_t j, bool eights) {
  if (i >= args.m || j >= args.n) return;
  float(&x)[8] = products.x;
  if (!eights) {
    LATHE_UNROLL
    for (int u = 0; u < 8; u += 2) finish_pair<T>(args, x[u], x[u + 1], i, j + u, false);
    return;
  }
  const int64_t at = i * args.ldc + j;
  float y[8];
  if (args.epilogue == Epilogue::kNone) {
    if (args.accumulate) {
      load_eight(as<T>(args.c) + at, y);
      LATHE_UNROLL
      for (int u = 0; u < 8; ++u) x[u] += y[u];
    }
  } else if (args.epilogue == Epilogue::kGeluBackward) {
    load_eight(as<T>(args.saved) + at, y);
    LATHE_UNROLL
    for (int u = 0; u < 8; ++u) x[u] *= y[u];
  } else {
    if (args.bias.data != nullptr) {
      load_eight(as<T>(args.bias) + j, y);
      LATHE_UNROLL
      for (int u = 0; u < 8; ++u) x[u] += y[u];
    }
    if (args.epilogue == Epilogue::kBiasGelu) {
      gelu_eight<T>(args, at, x);
    } else if (args.epilogue == Epilogue::kBiasTanh) {
      LATHE_UNROLL
      for (int u = 0; u < 8; ++u) x[u] = tanhf(x[u]);
    }
  }
  store_eight(as<T>(args.c) + at, x);
}

}  // namespace lathe::LATHE_CUDA
