// The tile of gemm (gemm_tile.h) without its edges.
#pragma once

#include "kernels/cpu/gemm_tile.h"

namespace lathe::cpu::LATHE_ISA {

// c [32, 32] = a b, or += when `add`. c has room for all of it: what is beyond the tile's rows and
// columns is zero or not written, whole halves of 16 at a time.
void multiply_blocks(const Tile& tile);

}  // namespace lathe::cpu::LATHE_ISA
