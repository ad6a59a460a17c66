// Panels: blocks of gemm's operands copied into the order in which the tile reads them. Packing
// also absorbs every transposition, so that one tile serves all.
//
// The panel of a holds up to kTileRows rows of op(a), the panel of b up to kTileColumns columns of
// op(b), k elements of each. Their order is an agreement between packing and multiply_tile
// (gemm_tile.h), one for vectors and another for matrix registers (kernels/cpu/amx/).
#pragma once

#include <cstdint>

#include "kernels/cpu/numbers.h"

namespace lathe::cpu::LATHE_ISA {

// An operand as its panels see it: lines (rows of op(a), columns of op(b)) of elements numbered by
// l.
struct PanelSource {
  ConstNumbers data;
  int64_t ld;
  bool lines_contiguous;  // element l of line i is at data[i * ld + l]; else at data[l * ld + i]
  Precision precision;    // that its panels are for

  template <class Number>
  const Number* at(int64_t line, int64_t l) const {
    return as<Number>(data) + (lines_contiguous ? line * ld + l : l * ld + line);
  }
};

// The packing of up to packed_rows() rows of a, or packed_columns() columns of b (gemm_tile.h), is
// done in so many parts, each of which can be done by itself.
int64_t packing_parts(const PanelSource& source, int64_t lines, int64_t k);

// What of those lines and elements is one part.
struct PackedPart {
  int64_t first_line, lines, first_l, k;
};
PackedPart packed_part(const PanelSource& source, int64_t lines, int64_t k, int64_t part);

// Packs part `part` of the lines first … first + lines - 1, the elements first_l … first_l + k - 1
// of each, into one panel after another, each of panel_floats(precision, lines of a tile, k)
// floats, aligned to 64 bytes.
using PackPart = void(const PanelSource& source, int64_t first, int64_t lines, int64_t first_l,
                      int64_t k, float* panels, int64_t part);
PackPart pack_a_part, pack_b_part;

}  // namespace lathe::cpu::LATHE_ISA
