#include "kernels/cpu/small_product.h"

namespace lathe::cpu::LATHE_ISA {

namespace {

constexpr int kRows = static_cast<int>(kProductRows);
// Sums, one row of b and one element of a fill the registers: 6 * 4 + 4 + 1 of 32, 6 * 2 + 2 + 1 of
// 16.
constexpr int kMaxVectors = kRegisters == 32 ? 4 : 2;

// The part of a tile that lies within c.
template <int kVectors>
void store_edge(const SmallProduct& p, int64_t row, int64_t column, const Vec (*sum)[kVectors]) {
  const int64_t rows = minimum(kRows, p.m - row), columns = p.n - column;
  for (int64_t r = 0; r < rows; ++r) {
    float* c = p.c + (row + r) * p.ldc + column;
    for (int v = 0; v < kVectors; ++v) {
      const int64_t lanes = columns - v * kWidth;
      const Vec value = sum[r][v];
      store(c + v * kWidth, p.add ? load(c + v * kWidth, lanes) + value : value, lanes);
    }
  }
}

// A tile of kRows rows by kVectors vectors, from (row, column) on. Rows beyond the last of c are
// computed from the last row of a again, and not stored.
template <int kVectors, bool kTranspose>
void multiply_tile(const SmallProduct& p, int64_t row, int64_t column) {
  const int64_t last_row = p.m - 1;
  const float* a[kRows];
#pragma GCC unroll 8
  for (int r = 0; r < kRows; ++r) {
    a[r] = kTranspose ? p.a + row + r : p.a + minimum(row + r, last_row) * p.lda;
  }
  Vec sum[kRows][kVectors] = {};
  const float* b = p.b + column;
  const int64_t step = kTranspose ? p.lda : 1;
  for (int64_t l = 0; l < p.k; ++l) {
    Vec b_row[kVectors];
#pragma GCC unroll 4
    for (int v = 0; v < kVectors; ++v) b_row[v] = load(b + v * kWidth);
#pragma GCC unroll 8
    for (int r = 0; r < kRows; ++r) {
      const Vec element = broadcast(a[r][l * step]);
#pragma GCC unroll 4
      for (int v = 0; v < kVectors; ++v) sum[r][v] += element * b_row[v];
    }
    b += p.ldb;
  }
  float* c = p.c + row * p.ldc + column;
  const bool whole = p.m - row >= kRows && p.n - column >= kVectors * kWidth;
  // The sums stay in registers as long as nothing takes their address: a tile at the edge is
  // copied.
  Vec edge[kRows][kVectors];
#pragma GCC unroll 8
  for (int r = 0; r < kRows; ++r) {
#pragma GCC unroll 4
    for (int v = 0; v < kVectors; ++v) {
      float* target = c + r * p.ldc + v * kWidth;
      if (whole) {
        store(target, p.add ? load(target) + sum[r][v] : sum[r][v]);
      } else {
        edge[r][v] = sum[r][v];
      }
    }
  }
  if (!whole) store_edge<kVectors>(p, row, column, edge);
}

template <int kVectors, bool kTranspose>
void multiply_columns(const SmallProduct& p, int64_t column) {
  for (int64_t row = 0; row < p.m; row += kRows) {
    multiply_tile<kVectors, kTranspose>(p, row, column);
  }
}

template <bool kTranspose>
void multiply_all(const SmallProduct& p) {
  int64_t column = 0;
  for (; p.n - column > (kMaxVectors - 1) * kWidth; column += kMaxVectors * kWidth) {
    multiply_columns<kMaxVectors, kTranspose>(p, column);
  }
  if (column >= p.n) return;
  const int64_t vectors = (p.n - column + kWidth - 1) / kWidth;
  if constexpr (kMaxVectors == 4) {
    if (vectors == 3) return multiply_columns<3, kTranspose>(p, column);
    if (vectors == 2) return multiply_columns<2, kTranspose>(p, column);
  }
  multiply_columns<1, kTranspose>(p, column);
}

// Lane i is lane from[i] of a followed by b.
Vec shuffle(Vec a, Vec b, IntVec from) {
#if defined(__clang__)
  Vec result;
  for (int i = 0; i < kWidth; ++i) result[i] = from[i] < kWidth ? a[from[i]] : b[from[i] - kWidth];
  return result;
#else
  return __builtin_shuffle(a, b, from);
#endif
}

// Transposes a square of kWidth vectors by exchanging its off-diagonal quarters, then theirs, ….
void transpose_square(Vec* rows) {
  for (int half = kWidth / 2; half > 0; half /= 2) {
    const IntVec lane = lane_numbers();
    const IntVec upper = (lane & half) != 0;
    const IntVec from_first = upper ? lane - half + kWidth : lane;
    const IntVec from_second = upper ? lane + kWidth : lane + half;
    for (int r = 0; r < kWidth; ++r) {
      if ((r & half) != 0) continue;
      const Vec first = rows[r], second = rows[r + half];
      rows[r] = shuffle(first, second, from_first);
      rows[r + half] = shuffle(first, second, from_second);
    }
  }
}

}  // namespace

void multiply(const SmallProduct& product) {
  return product.transpose_a ? multiply_all<true>(product) : multiply_all<false>(product);
}

template <class Number>
void pack_transposed(const Number* x, int64_t ldx, int64_t rows, int64_t columns, float factor,
                     float* y, int64_t ldy) {
  for (int64_t j = 0; j < columns; j += kWidth) {
    for (int64_t i = 0; i < rows; i += kWidth) {
      Vec square[kWidth];
      for (int r = 0; r < kWidth; ++r) {
        square[r] = i + r < rows ? load(x + (i + r) * ldx + j, columns - j) * factor : Vec{};
      }
      transpose_square(square);
      for (int r = 0; r < kWidth; ++r) store(y + (j + r) * ldy + i, square[r]);
    }
  }
}

template <class Number>
void pack(const Number* x, int64_t ldx, int64_t rows, int64_t columns, float* y, int64_t ldy) {
  for (int64_t i = 0; i < rows; ++i) {
    for (int64_t j = 0; j < columns; j += kWidth) {
      store(y + i * ldy + j, load(x + i * ldx + j, columns - j));
    }
  }
}

template void pack_transposed(const float*, int64_t, int64_t, int64_t, float, float*, int64_t);
template void pack_transposed(const Bfloat16*, int64_t, int64_t, int64_t, float, float*, int64_t);
template void pack(const float*, int64_t, int64_t, int64_t, float*, int64_t);
template void pack(const Bfloat16*, int64_t, int64_t, int64_t, float*, int64_t);

void unpack(const float* x, int64_t ldx, int64_t rows, int64_t columns, Bfloat16* y, int64_t ldy) {
  for (int64_t i = 0; i < rows; ++i) {
    for (int64_t j = 0; j < columns; j += kWidth) {
      store(y + i * ldy + j, load(x + i * ldx + j), columns - j);
    }
  }
}

}  // namespace lathe::cpu::LATHE_ISA
