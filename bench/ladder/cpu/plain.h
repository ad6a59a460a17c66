// Plain loops that several steps share. The compiler makes vectors of those whose iterations are
// independent.
#pragma once

#include <cstdint>

namespace lathe::cpu::LATHE_ISA {

// y[j, i] = x[i, j] for x [rows, columns].
static inline void transpose(const float* x, int64_t ldx, int64_t rows, int64_t columns, float* y,
                             int64_t ldy) {
  for (int64_t i = 0; i < rows; ++i) {
    for (int64_t j = 0; j < columns; ++j) y[j * ldy + i] = x[i * ldx + j];
  }
}

// y[n] += factor a[k] b[k, n].
static inline void add_products(int64_t n, int64_t k, float factor, const float* a, const float* b,
                                int64_t ldb, float* __restrict y) {
  for (int64_t l = 0; l < k; ++l) {
    const float element = factor * a[l];
    for (int64_t j = 0; j < n; ++j) y[j] += element * b[l * ldb + j];
  }
}

static inline void clear(float* y, int64_t n) {
  for (int64_t j = 0; j < n; ++j) y[j] = 0;
}

// In place. Subtracting the largest keeps exp from overflowing and changes no quotient.
static inline void softmax_one_by_one(float* row, int64_t keys) {
  float largest = row[0], sum = 0;
  for (int64_t j = 1; j < keys; ++j) largest = row[j] > largest ? row[j] : largest;
  for (int64_t j = 0; j < keys; ++j) sum += row[j] = __builtin_expf(row[j] - largest);
  for (int64_t j = 0; j < keys; ++j) row[j] /= sum;
}

}  // namespace lathe::cpu::LATHE_ISA
