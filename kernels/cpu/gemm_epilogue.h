// What gemm does to a tile of c when its sums are complete, while the tile is still in the cache.
#pragma once

#include "kernels/kernels.h"

namespace lathe::cpu::LATHE_ISA {

// Some rows and columns of c, and the sums of their products: that of row `row` + i and column
// `column` + j at sums[i * ld + j]. Of floats they may lie in c.
struct SummedTile {
  int64_t row, rows, column, columns;
  const float* sums;
  int64_t ld;
};

// Stores in args.c the result that args.epilogue and args.accumulate define, and writes or reads
// the same part of args.saved.
void apply_epilogue(const GemmArgs& args, const SummedTile& tile);

}  // namespace lathe::cpu::LATHE_ISA
