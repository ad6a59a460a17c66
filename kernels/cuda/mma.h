// Tensor cores: matrices of 16 x 16 times 16 x 8 bfloat16 numbers, which the 32 lanes of a warp
// hold and multiply together, with sums in f32. Which lane holds which element: NVIDIA's PTX
// manual, "Matrix Fragments for mma.m16n8k16", and "ldmatrix".
#pragma once

#include "kernels/cuda/numbers.h"

namespace lathe::LATHE_CUDA {

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

// 16 x 16 elements [outer, k] of a tile in shared memory, whose rows lie along k or along the outer
// dimension, kStride numbers apart: four 8 x 8 matrices. In which order: that of the first factor
// has the outer halves next to each other, that of the second factor the halves of k.
enum class Factor { kFirst, kSecond };

template <bool along_k, Factor factor, int kStride>
__device__ inline void load_fragment(const uint16_t* tile, int outer, int k, uint32_t (&words)[4]) {
  const int lane = static_cast<int>(threadIdx.x) % kWarp, row = lane % 8;
  const int near = lane / 8 % 2 * 8, far = lane / 16 * 8;
  outer += factor == Factor::kFirst ? near : far;
  k += factor == Factor::kFirst ? far : near;
  if constexpr (along_k) {
    load_matrices<false>(tile + (outer + row) * kStride + k, words);
  } else {
    load_matrices<true>(tile + (k + row) * kStride + outer, words);
  }
}

// Asks for a copy of the first `bytes` of 16, 0 … 16, from global to shared memory, with zeros for
// the rest; both addresses aligned to 16. It happens by itself, at the latest when waited for.
__device__ inline void copy_async(void* to, const void* from, int bytes) {
#ifdef __CUDACC__
  const auto address = static_cast<uint32_t>(__cvta_generic_to_shared(to));
  asm volatile("cp.async.cg.shared.global [%0], [%1], 16, %2;" ::"r"(address), "l"(from), "r"(bytes)
               : "memory");
#else
  simt::copy_async(to, from, bytes);
#endif
}
// What this thread asked for since the last call is one group.
__device__ inline void end_copies() {
#ifdef __CUDACC__
  asm volatile("cp.async.commit_group;" ::: "memory");
#else
  simt::end_copies();
#endif
}
// Until all of the thread's groups but the last kLeft are there, for this thread: others see them
// after a barrier.
template <int kLeft>
__device__ inline void wait_for_copies() {
#ifdef __CUDACC__
  asm volatile("cp.async.wait_group %0;" ::"n"(kLeft) : "memory");
#else
  simt::wait_for_copies(kLeft);
#endif
}

}  // namespace lathe::LATHE_CUDA
