// Matrix products small enough to stay in the cache, as attention has them: no packing beyond what
// the caller does, sums in registers.
#pragma once

#include "kernels/cpu/vector.h"

namespace lathe::cpu::LATHE_ISA {

// c[m, n] = op(a)[m, k] b[k, n], or c += when `add`.
//   op(a)[i, l] = transpose_a ? a[l * lda + i] : a[i * lda + l]
//   b's rows are padded: whole vectors are read from each, ldb a multiple of kWidth.
//   With transpose_a, kProductRows - 1 floats beyond the last element of a may be read.
// Only the elements of c are written.
struct SmallProduct {
  int64_t m, n, k;
  const float* a;
  int64_t lda;
  bool transpose_a;
  const float* b;
  int64_t ldb;
  float* c;
  int64_t ldc;
  bool add;
};

constexpr int64_t kProductRows = 6;

void multiply(const SmallProduct& product);

// y[j, i] = factor x[i, j] for x [rows, columns], padded with zeros to
// [round_up(columns, kWidth), ldy], where ldy = round_up(rows, kWidth).
template <class Number>
void pack_transposed(const Number* x, int64_t ldx, int64_t rows, int64_t columns, float factor,
                     float* y, int64_t ldy);

// y[i, j] = x[i, j], padded with zeros to [rows, ldy], where ldy = round_up(columns, kWidth).
template <class Number>
void pack(const Number* x, int64_t ldx, int64_t rows, int64_t columns, float* y, int64_t ldy);

// y[i, j] = x[i, j], rounded, of rows in whole vectors.
void unpack(const float* x, int64_t ldx, int64_t rows, int64_t columns, Bfloat16* y, int64_t ldy);

}  // namespace lathe::cpu::LATHE_ISA
