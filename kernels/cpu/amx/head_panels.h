// The rows of an attention's head as panels of matrix registers (panel.h), tiles of their products,
// and tiles as rows again.
#pragma once

#include "kernels/cpu/amx/panel.h"
#include "kernels/cpu/amx/words.h"
#include "kernels/cpu/gemm_tile.h"

namespace lathe::cpu::LATHE_ISA {

// Lines and elements of a tile: keys, queries, or columns of a head.
constexpr int64_t kBlock = 32;
constexpr int64_t kHalf = 16;
constexpr int64_t kTileFloats = kBlock * kBlock;
static_assert(kTileRows == kBlock && kTileColumns == kBlock && kDepthStep == kBlock);
static_assert(kWidth == kHalf);

static inline int64_t whole_blocks(int64_t count) { return round_up(count, kBlock); }

// Bytes of memory for panels of so many lines, k elements of each. Panel p begins at
// panel_bytes(p * kBlock, k).
static inline int64_t panel_bytes(int64_t lines, int64_t k) {
  return whole_blocks(lines) * whole_blocks(k) * 2;
}

// A head's rows in an activation.
struct HeadRows {
  const Bfloat16* first;
  int64_t ld, rows, columns;
};

// The rows, or the columns, as lines of a left or of a right operand. The panels are aligned to 64
// bytes.
void pack_left(const HeadRows& x, char* panels);
void pack_left_columns(const HeadRows& x, char* panels);
void pack_right(const HeadRows& x, char* panels);
void pack_right_columns(const HeadRows& x, char* panels);

// c [32, 32] = a b, of a panel each with k elements a line. What is beyond the rows and columns, at
// most 32, holds anything.
void multiply_panels(const char* a, const char* b, int64_t rows, int64_t columns, int64_t k,
                     float* c);

// The first rows and columns of a tile, to y [rows, columns]; or of a tile that is transposed.
void store_rows(const float* tile, int64_t rows, int64_t columns, Bfloat16* y, int64_t ld);
void store_columns(const float* tile, int64_t rows, int64_t columns, Bfloat16* y, int64_t ld);

// A row of a right panel's block: 16 pairs, a lane of x and the same lane of y.
static inline void store_pairs(char* row, Vec x, Vec y) {
  _mm512_store_si512(row, interleave(reinterpret_cast<__m512i>(_mm512_cvtne2ps_pbh(y, x))));
}

// A row of a left panel's block: 32 elements of a line.
static inline void store_line(char* row, Vec first, Vec second) {
  _mm512_store_si512(row, reinterpret_cast<__m512i>(_mm512_cvtne2ps_pbh(second, first)));
}

}  // namespace lathe::cpu::LATHE_ISA
