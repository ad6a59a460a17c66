// Words of any meaning, 32 bits each, put into the order of panels (panel.h).
#pragma once

#include "kernels/cpu/vector.h"

namespace lathe::cpu::LATHE_ISA {

static inline Vec load_quads(const float* source, int64_t ld) {
  Vec v = _mm512_castps128_ps512(_mm_load_ps(source));
  v = _mm512_insertf32x4(v, _mm_load_ps(source + 4 * ld), 1);
  v = _mm512_insertf32x4(v, _mm_load_ps(source + 8 * ld), 2);
  return _mm512_insertf32x4(v, _mm_load_ps(source + 12 * ld), 3);
}

// to[j * to_ld + i] = from[i * from_ld + j] for i, j < 16, both aligned to a vector, as their rows
// are. Rows i, i + 4, i + 8, i + 12 are loaded side by side, so that what remains is to transpose
// 4 x 4 within each quarter of a vector.
static inline void transpose_words(const float* from, int64_t from_ld, float* to, int64_t to_ld) {
  for (int j = 0; j < 16; j += 4) {
    const Vec row0 = load_quads(from + j, from_ld), row1 = load_quads(from + from_ld + j, from_ld);
    const Vec row2 = load_quads(from + 2 * from_ld + j, from_ld);
    const Vec row3 = load_quads(from + 3 * from_ld + j, from_ld);
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
    store(to + j * to_ld, low(low02, low13));
    store(to + (j + 1) * to_ld, high(low02, low13));
    store(to + (j + 2) * to_ld, low(high02, high13));
    store(to + (j + 3) * to_ld, high(high02, high13));
  }
}

// x0, y0, x1, y1, … of the bfloat16s x0 … x15, y0 … y15.
static inline __m512i interleave(__m512i packed) {
  const __m512i order = _mm512_set_epi16(31, 15, 30, 14, 29, 13, 28, 12, 27, 11, 26, 10, 25, 9, 24,
                                         8, 23, 7, 22, 6, 21, 5, 20, 4, 19, 3, 18, 2, 17, 1, 16, 0);
  return _mm512_maskz_permutexvar_epi16(0xffffffff, order, packed);
}

}  // namespace lathe::cpu::LATHE_ISA
