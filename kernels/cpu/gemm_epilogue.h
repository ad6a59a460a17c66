// What gemm does to a tile of c when its sums are complete, while the tile is still in the cache.
#pragma once

#include "kernels/kernels.h"

namespace lathe::cpu::LATHE_ISA {

// Turns the products in rows [row, row + rows) and columns [column, column + columns) of args.c
// into the result that args.epilogue defines, and writes or reads the same part of args.saved.
void apply_epilogue(const GemmArgs& args, int64_t row, int64_t rows, int64_t column,
                    int64_t columns);

}  // namespace lathe::cpu::LATHE_ISA
