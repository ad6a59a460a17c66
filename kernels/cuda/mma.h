// Tensor cores: matrices of 16 x 16 times 16 x 8 bfloat16 numbers, which the 32 lanes of a warp
// hold and multiply together, with sums in f32. Which lane holds which element: NVIDIA's PTX
// manual, "Matrix Fragments for mma.m16n8k16", and "ldmatrix".
#pragma once

#include "kernels/cuda/device.h"

namespace lathe::LATHE_CUDA {

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

// Four matrices of 8 x 8 bfloat16 numbers from shared memory. Lane l gives the address of row l % 8
// of matrix l / 8, 16 bytes aligned to as many; it gets of each matrix the columns 2 (l % 4) and
// the next of row l / 4. With `transposed` the matrices are read as their transposes.
template <bool transposed>
__device__ inline void load_matrices(const uint16_t* row, uint32_t (&words)[4]) {
#ifdef __CUDACC__
  const auto address = static_cast<uint32_t>(__cvta_generic_to_shared(row));
  if constexpr (transposed) {
    asm volatile("ldmatrix.sync.aligned.m8n8.x4.trans.shared.b16 {%0, %1, %2, %3}, [%4];"
                 : "=r"(words[0]), "=r"(words[1]), "=r"(words[2]), "=r"(words[3])
                 : "r"(address)
                 : "memory");
  } else {
    asm volatile("ldmatrix.sync.aligned.m8n8.x4.shared.b16 {%0, %1, %2, %3}, [%4];"
                 : "=r"(words[0]), "=r"(words[1]), "=r"(words[2]), "=r"(words[3])
                 : "r"(address)
                 : "memory");
  }
#else
  simt::load_matrices(row, transposed, words);
#endif
}

// sums [16, 8] += a [16, 16] b [16, 8].
__device__ inline void multiply_add(const uint32_t (&a)[4], uint32_t b0, uint32_t b1,
                                    float (&sums)[4]) {
#ifdef __CUDACC__
  asm volatile(
      "mma.sync.aligned.m16n8k16.row.col.f32.bf16.bf16.f32 "
      "{%0, %1, %2, %3}, {%4, %5, %6, %7}, {%8, %9}, {%0, %1, %2, %3};"
      : "+f"(sums[0]), "+f"(sums[1]), "+f"(sums[2]), "+f"(sums[3])
      : "r"(a[0]), "r"(a[1]), "r"(a[2]), "r"(a[3]), "r"(b0), "r"(b1));
#else
  const uint32_t b[2] = {b0, b1};
  simt::multiply_add(a, b, sums);
#endif
}

}  // namespace lathe::LATHE_CUDA
