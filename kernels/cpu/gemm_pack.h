// Panels: blocks of gemm's operands copied into the order in which the register tile reads them.
// Packing also absorbs every transposition, so that one tile serves all.
//
// The panel of a holds kTileRows rows of op(a), the panel of b up to kTileColumns columns of op(b);
// both have all elements of one l beside each other, one l after another. `k` is their length.
#pragma once

#include <cstdint>

namespace lathe::cpu::LATHE_ISA {

// An operand as its panels see it: lines (rows of op(a), columns of op(b)) of elements numbered by
// l.
struct PanelSource {
  const float* data;
  int64_t ld;
  bool lines_contiguous;  // element l of line i is at data[i * ld + l]; else at data[l * ld + i]

  const float* at(int64_t line, int64_t l) const {
    return lines_contiguous ? data + line * ld + l : data + l * ld + line;
  }
};

// panel[l * kTileRows + i] = line (first + i), element (first_l + l), for i < rows. What is beyond
// `rows` is undefined.
void pack_a_panel(const PanelSource& a, int64_t first, int64_t rows, int64_t first_l, int64_t k,
                  float* panel);

// panel[l * stride + j] = line (first + j), element (first_l + l), zero for columns <= j < stride,
// where stride is b_panel_stride(columns).
void pack_b_panel(const PanelSource& b, int64_t first, int64_t columns, int64_t first_l, int64_t k,
                  float* panel);

// row_sum[i] += the sum over l of panel[l * kTileRows + i], for i < rows.
void add_row_sums(const float* panel, int64_t rows, int64_t k, float* row_sum);

}  // namespace lathe::cpu::LATHE_ISA
