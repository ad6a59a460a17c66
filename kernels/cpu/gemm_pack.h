// Panels: blocks of gemm's operands copied into the order in which the tile reads them. Packing
// also absorbs every transposition, so that one tile serves all.
//
// The panel of a holds up to kTileRows rows of op(a), the panel of b up to kTileColumns columns of
// op(b), k elements of each. Their order is an agreement between packing and multiply_tile
// (gemm_tile.h), one for vectors and another for matrix registers (kernels/cpu/amx/).
#pragma once

#include <cstdint>

#include "kernels/kernels.h"

namespace lathe::cpu::LATHE_ISA {

// An operand as its panels see it: lines (rows of op(a), columns of op(b)) of elements numbered by
// l.
struct PanelSource {
  const float* data;
  int64_t ld;
  bool lines_contiguous;  // element l of line i is at data[i * ld + l]; else at data[l * ld + i]
  Precision precision;    // that its panels are for

  const float* at(int64_t line, int64_t l) const {
    return lines_contiguous ? data + line * ld + l : data + l * ld + line;
  }
};

// Packs the lines first … first + rows - 1, rows <= kPackedRows, the elements first_l …
// first_l + k - 1 of each, into one panel after another, each of
// panel_floats(precision, kTileRows, k) floats, aligned to 64 bytes.
void pack_a_panels(const PanelSource& a, int64_t first, int64_t rows, int64_t first_l, int64_t k,
                   float* panels);

// The same of at most kTileColumns lines into one panel.
void pack_b_panel(const PanelSource& b, int64_t first, int64_t columns, int64_t first_l, int64_t k,
                  float* panel);

}  // namespace lathe::cpu::LATHE_ISA
