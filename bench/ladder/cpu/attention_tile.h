// The register tile of attention's products, for the steps that have one.
#pragma once

#include "kernels/cpu/vector.h"

namespace lathe::cpu::LATHE_ISA {

constexpr int kLadderQueries = 6;
// Sums, a row of b and an element of a fill the registers: 6 * 4 + 4 + 1 of 32, 6 * 2 + 2 + 1
// of 16.
constexpr int kLadderVectors = kRegisters == 32 ? 4 : 2;

// c[m, n] = a[m, k] b[k, n] for m <= kLadderQueries, and n = kVectors * kWidth, or less where
// kVectors is 1. Rows beyond the last are computed from the last one again, and not stored.
template <int kVectors>
static inline void multiply_tile(int64_t m, int64_t n, int64_t k, const float* a, int64_t lda,
                                 const float* b, int64_t ldb, float* c, int64_t ldc) {
  const float* row[kLadderQueries];
#pragma GCC unroll 8
  for (int i = 0; i < kLadderQueries; ++i) row[i] = a + minimum(i, m - 1) * lda;
  Vec sum[kLadderQueries][kVectors] = {};
  for (int64_t l = 0; l < k; ++l, b += ldb) {
    Vec b_row[kVectors];
#pragma GCC unroll 8
    for (int v = 0; v < kVectors; ++v) b_row[v] = kVectors > 1 ? load(b + v * kWidth) : load(b, n);
#pragma GCC unroll 8
    for (int i = 0; i < kLadderQueries; ++i) {
      const Vec element = broadcast(row[i][l]);
#pragma GCC unroll 8
      for (int v = 0; v < kVectors; ++v) sum[i][v] += element * b_row[v];
    }
  }
#pragma GCC unroll 8
  for (int i = 0; i < kLadderQueries; ++i) {
#pragma GCC unroll 8
    for (int v = 0; v < kVectors; ++v) {
      if (i < m) store(c + i * ldc + v * kWidth, sum[i][v], n - v * kWidth);
    }
  }
}

// c[m, n] = a[m, k] b[k, n] for m <= kLadderQueries: whole tiles, then a vector at a time.
static inline void multiply_queries(int64_t m, int64_t n, int64_t k, const float* a, int64_t lda,
                                    const float* b, int64_t ldb, float* c, int64_t ldc) {
  constexpr int64_t kTile = kLadderVectors * kWidth;
  int64_t j = 0;
  for (; n - j >= kTile; j += kTile)
    multiply_tile<kLadderVectors>(m, kTile, k, a, lda, b + j, ldb, c + j, ldc);
  for (; j < n; j += kWidth)
    multiply_tile<1>(m, minimum(kWidth, n - j), k, a, lda, b + j, ldb, c + j, ldc);
}

}  // namespace lathe::cpu::LATHE_ISA
