// Hopper's tensor cores: products that a warpgroup (four warps, the first of them a multiple of
// four) asks for together and waits for later, of factors that stay in shared memory. NVIDIA's PTX
// manual, "wgmma.mma_async", "Matrix-Descriptor", "Strides", "Register Fragments for D".
//
// A factor is made of tiles of 64 x 64 as bulk_copy.h has them, one after another along the outer
// dimension; lines lie along k or along the outer dimension.
#pragma once

#include "kernels/cuda/bulk_copy.h"

namespace lathe::LATHE_CUDA {

constexpr int kProductDepth = 16;  // of k in one product

// Where 16 values of k, from `k` on (a multiple of 16), of such a factor lie. In the descriptor, in
// units of 16 bytes: the address; the distance of neighbouring tiles, which counts where lines lie
// along the outer dimension; the distance of neighbouring groups of eight lines; and, in the upper
// two bits, the swizzle of 128 bytes.
template <bool along_k>
__device__ inline uint64_t describe_factor(const void* tiles, int k) {
  constexpr uint64_t kGroupBytes = 8 * 128;
  const int offset = along_k ? k * 2 : k * 128;
  const uint32_t address = shared_address(tiles) + static_cast<uint32_t>(offset);
  return uint64_t{(address & 0x3ffff) >> 4} | uint64_t{kTileBytes >> 4} << 16 |
         kGroupBytes >> 4 << 32 | uint64_t{1} << 62;
}

// By each thread that wrote to shared memory what products read, before a barrier of the block.
__device__ inline void show_to_products() {
#ifdef __CUDACC__
  asm volatile("fence.proxy.async.shared::cta;" ::: "memory");
#endif
}

// Before the first product after other code wrote the sums.
__device__ inline void begin_products() {
#ifdef __CUDACC__
  asm volatile("wgmma.fence.sync.aligned;" ::: "memory");
#else
  simt::begin_products();
#endif
}
// What was asked for since the last call is one group.
__device__ inline void end_products() {
#ifdef __CUDACC__
  asm volatile("wgmma.commit_group.sync.aligned;" ::: "memory");
#else
  simt::end_products();
#endif
}
// Until all groups but the last kLeft are done: their factors have been read, and if none is left
// their sums are there. Until then no other code touches the sums.
template <int kLeft>
__device__ inline void wait_for_products() {
#ifdef __CUDACC__
  asm volatile("wgmma.wait_group.sync.aligned %0;" ::"n"(kLeft) : "memory");
#else
  simt::wait_for_products(kLeft);
#endif
}

#ifdef __CUDACC__
// The names of operands, ten at a time, and the sums that they stand for, eight at a time.
#define LATHE_TEN(tens)                                                                   \
  "%" #tens "0, %" #tens "1, %" #tens "2, %" #tens "3, %" #tens "4, %" #tens "5, %" #tens \
  "6, %" #tens "7, %" #tens "8, %" #tens "9, "
#define LATHE_SUMS(i)                                                                        \
  "+f"(sums[i]), "+f"(sums[i + 1]), "+f"(sums[i + 2]), "+f"(sums[i + 3]), "+f"(sums[i + 4]), \
      "+f"(sums[i + 5]), "+f"(sums[i + 6]), "+f"(sums[i + 7])
#define LATHE_SUMS_32(i) LATHE_SUMS(i), LATHE_SUMS(i + 8), LATHE_SUMS(i + 16), LATHE_SUMS(i + 24)
#define LATHE_TENS_60 LATHE_TEN() LATHE_TEN(1) LATHE_TEN(2) LATHE_TEN(3) LATHE_TEN(4) LATHE_TEN(5)
#define LATHE_WGMMA(columns, names, at_a, at_b, lines_a, lines_b)                       \
  "wgmma.mma_async.sync.aligned.m64n" #columns "k16.f32.bf16.bf16 {" names "}, %" #at_a \
  ", %" #at_b ", 1, 1, 1, %" #lines_a ", %" #lines_b ";"
#define LATHE_FACTORS "l"(a), "l"(b), "n"(a_along_k ? 0 : 1), "n"(b_along_k ? 0 : 1)
#endif

// sums [64, kColumns] += a [64, 16] b [16, kColumns], asked for by the four warps together. Warp w
// of them holds rows 16 w … of the sums: its lane l, of columns 8 j + 2 (l % 4) and the next, row
// l / 4 in sums[4 j] and sums[4 j + 1], row l / 4 + 8 in the two after.
template <bool a_along_k, bool b_along_k, int kColumns>
__device__ inline void multiply_add_async(uint64_t a, uint64_t b, float (&sums)[kColumns / 2]) {
  static_assert(kColumns == 128 || kColumns == 192 || kColumns == 256);
#ifdef __CUDACC__
  if constexpr (kColumns == 128) {
    asm volatile(LATHE_WGMMA(128, LATHE_TENS_60 "%60, %61, %62, %63", 64, 65, 66, 67)
                 : LATHE_SUMS_32(0), LATHE_SUMS_32(32)
                 : LATHE_FACTORS);
  } else if constexpr (kColumns == 192) {
    asm volatile(LATHE_WGMMA(192,
                             LATHE_TENS_60 LATHE_TEN(6) LATHE_TEN(7)
                                 LATHE_TEN(8) "%90, %91, %92, %93, %94, %95",
                             96, 97, 98, 99)
                 : LATHE_SUMS_32(0), LATHE_SUMS_32(32), LATHE_SUMS_32(64)
                 : LATHE_FACTORS);
  } else {
    asm volatile(LATHE_WGMMA(256,
                             LATHE_TENS_60 LATHE_TEN(6) LATHE_TEN(7) LATHE_TEN(8) LATHE_TEN(9)
                                 LATHE_TEN(10) LATHE_TEN(11) "%120, %121, %122, %123, %124, "
                                                             "%125, %126, %127",
                             128, 129, 130, 131)
                 : LATHE_SUMS_32(0), LATHE_SUMS_32(32), LATHE_SUMS_32(64), LATHE_SUMS_32(96)
                 : LATHE_FACTORS);
  }
#else
  simt::multiply_add_async({a, b, a_along_k, b_along_k, kColumns, sums});
#endif
}

#ifdef __CUDACC__
#undef LATHE_TEN
#undef LATHE_SUMS
#undef LATHE_SUMS_32
#undef LATHE_TENS_60
#undef LATHE_WGMMA
#undef LATHE_FACTORS
#endif

// Gives registers of each thread of the warpgroup back, or takes such for it: then kCount, a
// multiple of 8, are its own.
template <int kCount>
__device__ inline void shrink_registers() {
#ifdef __CUDACC__
  asm volatile("setmaxnreg.dec.sync.aligned.u32 %0;" ::"n"(kCount));
#endif
}
template <int kCount>
__device__ inline void grow_registers() {
#ifdef __CUDACC__
  asm volatile("setmaxnreg.inc.sync.aligned.u32 %0;" ::"n"(kCount));
#endif
}

}  // namespace lathe::LATHE_CUDA
