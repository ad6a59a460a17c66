// Numbers as kernels see them: float, or Bf16, one at a time or a few neighbours as one access.
#pragma once

#include "kernels/cuda/vector.h"

namespace lathe::LATHE_CUDA {

struct Bf16 {
  uint16_t bits;
};

// Two floats as bfloat16, rounded to nearest, ties to even: `low` in the lower half of the word.
__device__ inline uint32_t to_bf16_pair(float low, float high) {
#ifdef __CUDACC__
  uint32_t pair;
  asm("cvt.rn.bf16x2.f32 %0, %1, %2;" : "=r"(pair) : "f"(high), "f"(low));
  return pair;
#else
  return uint32_t{simt::to_bf16(low)} | uint32_t{simt::to_bf16(high)} << 16;
#endif
}
__device__ inline float low_of_pair(uint32_t pair) { return __uint_as_float(pair << 16); }
__device__ inline float high_of_pair(uint32_t pair) { return __uint_as_float(pair & 0xffff0000u); }

__device__ inline float to_float(float x) { return x; }
__device__ inline float to_float(Bf16 x) { return low_of_pair(x.bits); }

__device__ inline void store(float* to, float x) { *to = x; }
__device__ inline void store(Bf16* to, float x) {
  to->bits = static_cast<uint16_t>(to_bf16_pair(x, 0.0f));
}

// 2^x by the one instruction that there is; less than 2^-126 is 0.
__device__ inline float exp2_of(float x) {
#ifdef __CUDACC__
  float power;
  asm("ex2.approx.ftz.f32 %0, %1;" : "=f"(power) : "f"(x));
  return power;
#else
  return exp2f(x);
#endif
}

template <class T>
__host__ __device__ inline T* as(const Numbers& x) {
  return static_cast<T*>(x.data);
}
template <class T>
__host__ __device__ inline const T* as(const ConstNumbers& x) {
  return static_cast<const T*>(x.data);
}

// Calls use(zero) with a zero of the type that numbers of that precision have.
template <class Use>
void with_type(Precision precision, const Use& use) {
  precision == Precision::kF32 ? use(float{}) : use(Bf16{});
}

// kCount neighbours from `from` on, of which the first `left` are there, the others read as 0; as
// one access where `vectors` says that all such groups are whole and aligned.
template <int kCount>
__device__ inline void load_group(const float* from, int left, bool vectors, float (&x)[kCount]) {
  if (kCount > 1 && vectors) {
    const Vector<kCount> all = load_vector<kCount>(from);
    LATHE_UNROLL
    for (int u = 0; u < kCount; ++u) x[u] = all.x[u];
    return;
  }
  LATHE_UNROLL
  for (int u = 0; u < kCount; ++u) x[u] = u < left ? from[u] : 0.0f;
}
__device__ inline void load_group(const Bf16* from, int left, bool vectors, float (&x)[2]) {
  if (vectors) {
    const uint32_t pair = *reinterpret_cast<const uint32_t*>(from);
    x[0] = low_of_pair(pair), x[1] = high_of_pair(pair);
    return;
  }
  x[0] = left > 0 ? to_float(from[0]) : 0.0f;
  x[1] = left > 1 ? to_float(from[1]) : 0.0f;
}

// Eight neighbours, aligned to 16 bytes.
__device__ inline void load_eight(const float* from, float (&x)[8]) {
  const Vector<4> low = load_vector<4>(from), high = load_vector<4>(from + 4);
  LATHE_UNROLL
  for (int u = 0; u < 4; ++u) x[u] = low.x[u], x[4 + u] = high.x[u];
}
__device__ inline void load_eight(const Bf16* from, float (&x)[8]) {
  const int4 words = *reinterpret_cast<const int4*>(from);
  const int pairs[4] = {words.x, words.y, words.z, words.w};
  LATHE_UNROLL
  for (int u = 0; u < 4; ++u) {
    x[2 * u] = low_of_pair(static_cast<uint32_t>(pairs[u]));
    x[2 * u + 1] = high_of_pair(static_cast<uint32_t>(pairs[u]));
  }
}

__device__ inline void store_eight(float* to, const float (&x)[8]) {
  auto* vectors = reinterpret_cast<float4*>(to);
  vectors[0] = make_float4(x[0], x[1], x[2], x[3]);
  vectors[1] = make_float4(x[4], x[5], x[6], x[7]);
}
__device__ inline void store_eight(Bf16* to, const float (&x)[8]) {
  int words[4];
  LATHE_UNROLL
  for (int u = 0; u < 4; ++u) words[u] = static_cast<int>(to_bf16_pair(x[2 * u], x[2 * u + 1]));
  *reinterpret_cast<int4*>(to) = {words[0], words[1], words[2], words[3]};
}

// Eight neighbours as four pairs, of which the first `left` numbers are there.
__device__ inline void store_pairs(Bf16* to, int left, bool vectors, const uint32_t (&pairs)[4]) {
  if (vectors) {
    *reinterpret_cast<int4*>(to) = {static_cast<int>(pairs[0]), static_cast<int>(pairs[1]),
                                    static_cast<int>(pairs[2]), static_cast<int>(pairs[3])};
    return;
  }
  LATHE_UNROLL
  for (int u = 0; u < 8; ++u) {
    if (u < left) to[u].bits = static_cast<uint16_t>(pairs[u / 2] >> u % 2 * 16);
  }
}

template <int kCount>
__device__ inline void store_group(float* to, int left, bool vectors, const float (&x)[kCount]) {
  if (kCount > 1 && vectors) {
    Vector<kCount> all;
    LATHE_UNROLL
    for (int u = 0; u < kCount; ++u) all.x[u] = x[u];
    *reinterpret_cast<Vector<kCount>*>(to) = all;
    return;
  }
  LATHE_UNROLL
  for (int u = 0; u < kCount; ++u) {
    if (u < left) to[u] = x[u];
  }
}
__device__ inline void store_group(Bf16* to, int left, bool vectors, const float (&x)[2]) {
  if (vectors) {
    *reinterpret_cast<uint32_t*>(to) = to_bf16_pair(x[0], x[1]);
    return;
  }
  if (left > 0) store(to, x[0]);
  if (left > 1) store(to + 1, x[1]);
}

}  // namespace lathe::LATHE_CUDA
