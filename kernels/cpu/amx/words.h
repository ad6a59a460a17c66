// Words of any meaning, 32 bits each, put into the order of panels (panel.h).
#pragma once

#include "kernels/cpu/vector.h"

namespace lathe::cpu::LATHE_ISA {

static inline Vec load_quads(const char* from, int64_t distance) {
  const auto quad = [&](int row) {
    return _mm_loadu_ps(reinterpret_cast<const float*>(from + row * distance));
  };
  Vec v = _mm512_castps128_ps512(quad(0));
  v = _mm512_insertf32x4(v, quad(4), 1);
  v = _mm512_insertf32x4(v, quad(8), 2);
  return _mm512_insertf32x4(v, quad(12), 3);
}

// Word i of row j of `to` = word j of row i of `from`, for i, j < 16; rows so many bytes apart.
// Rows i, i + 4, i + 8, i + 12 are loaded side by side, so that what remains is to transpose 4 x 4
// within each quarter of a vector.
static inline void transpose_words(const void* from, int64_t from_distance, float* to,
                                   int64_t to_distance) {
  const auto row_of = [&](int j) {
    return reinterpret_cast<float*>(reinterpret_cast<char*>(to) + j * to_distance);
  };
  for (int j = 0; j < 16; j += 4) {
    const char* words = static_cast<const char*>(from) + j * 4;
    const auto rows = [&](int i) { return load_quads(words + i * from_distance, from_distance); };
    const Vec row0 = rows(0), row1 = rows(1), row2 = rows(2), row3 = rows(3);
    const auto low = [](Vec x, Vec y) {
      return __builtin_shufflevector(x, y, 0, 16, 1, 17, 4, 20, 5, 21, 8, 24, 9, 25, 12, 28, 13,
                                     29);
    };
    const auto high = [](Vec x, Vec y) {
      return __builtin_shufflevector(x, y, 2, 18, 3, 19, 6, 22, 7, 23, 10, 26, 11, 27, 14, 30, 15,
                                     31);
    };
    const Vec low02 = low(row0, row2), high02 = high(row0, row2);
    const Vec low13 = low(row1, row3), high13 = high(row1, row3);
    store(row_of(j), low(low02, low13));
    store(row_of(j + 1), high(low02, low13));
    store(row_of(j + 2), low(high02, high13));
    store(row_of(j + 3), high(high02, high13));
  }
}

// x0, y0, x1, y1, … of the bfloat16s x0 … x15, y0 … y15.
static inline __m512i interleave(__m512i packed) {
  const __m512i order = _mm512_set_epi16(31, 15, 30, 14, 29, 13, 28, 12, 27, 11, 26, 10, 25, 9, 24,
                                         8, 23, 7, 22, 6, 21, 5, 20, 4, 19, 3, 18, 2, 17, 1, 16, 0);
  return _mm512_maskz_permutexvar_epi16(0xffffffff, order, packed);
}

}  // namespace lathe::cpu::LATHE_ISA
