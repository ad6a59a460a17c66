#include "kernels/cpu/gemm_tile.h"

namespace lathe::cpu::LATHE_ISA {
namespace {

// The trip counts are template parameters so that every loop but the one over k unrolls and `sum`
// lives in registers.
template <int kRows, int kVectors>
void multiply(int64_t k, const float* a, const float* b, float* c, int64_t ldc, bool add) {
  Vec sum[kRows][kVectors] = {};
  for (int64_t l = 0; l < k; ++l) {
    Vec b_row[kVectors];
#pragma GCC unroll 8
    for (int v = 0; v < kVectors; ++v) b_row[v] = load(b + v * kWidth);
#pragma GCC unroll 16
    for (int i = 0; i < kRows; ++i) {
#pragma GCC unroll 8
      for (int v = 0; v < kVectors; ++v) sum[i][v] += a[i] * b_row[v];
    }
    a += kTileRows;
    b += kVectors * kWidth;
  }
#pragma GCC unroll 16
  for (int i = 0; i < kRows; ++i) {
#pragma GCC unroll 8
    for (int v = 0; v < kVectors; ++v) {
      float* target = c + i * ldc + v * kWidth;
      store(target, add ? load(target) + sum[i][v] : sum[i][v]);
    }
  }
}

// multiply<rows, vectors>, found by going down from the largest, which is nearly always the one.
template <int kRows, int kVectors>
void multiply_at_most(int64_t rows, int64_t vectors, int64_t k, const float* a, const float* b,
                      float* c, int64_t ldc, bool add) {
  if constexpr (kRows > 1) {
    if (rows < kRows)
      return multiply_at_most<kRows - 1, kVectors>(rows, vectors, k, a, b, c, ldc, add);
  }
  if constexpr (kVectors > 1) {
    if (vectors < kVectors)
      return multiply_at_most<kRows, kVectors - 1>(rows, vectors, k, a, b, c, ldc, add);
  }
  multiply<kRows, kVectors>(k, a, b, c, ldc, add);
}

}  // namespace

void multiply_tile(int64_t rows, int64_t columns, int64_t k, const float* a, const float* b,
                   float* c, int64_t ldc, bool add) {
  const int64_t vectors = b_panel_stride(columns) / kWidth;
  if (columns == vectors * kWidth) {
    return multiply_at_most<kTileRows, kTileVectors>(rows, vectors, k, a, b, c, ldc, add);
  }
  // The last columns of c fill no vector: sum beside c, then copy what is part of it.
  alignas(Vec) float sum[kTileRows * kTileColumns];
  multiply_at_most<kTileRows, kTileVectors>(rows, vectors, k, a, b, sum, kTileColumns, false);
  for (int64_t i = 0; i < rows; ++i) {
    for (int64_t j = 0; j < columns; j += kWidth) {
      const int64_t lanes = columns - j;
      float* target = c + i * ldc + j;
      const Vec value = load(sum + i * kTileColumns + j);
      store(target, add ? load(target, lanes) + value : value, lanes);
    }
  }
}

}  // namespace lathe::cpu::LATHE_ISA
