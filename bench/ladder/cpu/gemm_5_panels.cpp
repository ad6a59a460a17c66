// Step 5: panels. The tile of step 4 reads rows of bᵀ that lie a whole matrix's width apart, and to
// transpose b it was written in such steps too. Here both operands are copied piece by piece into
// the order in which the tile reads them, from one byte to the next; the copy also transposes.
#include "bench/ladder/cpu/steps.h"
#include "kernels/cpu/gemm_tile.h"
#include "kernels/scratch.h"

namespace lathe::cpu::LATHE_ISA {
namespace {

// panel[l, i] = x[first + i, l] for i < width; lines beyond the last are copies of it.
void pack(const float* x, int64_t ldx, int64_t first, int64_t lines, int64_t k, int64_t width,
          float* panel) {
  for (int64_t i = 0; i < width; ++i) {
    const float* line = x + minimum(first + i, lines - 1) * ldx;
    for (int64_t l = 0; l < k; ++l) panel[l * width + i] = line[l];
  }
}

// The tile of c from (row, column) on, from a panel of a and one of b.
void multiply(const GemmArgs& args, const float* a, const float* b, int64_t row, int64_t column) {
  Vec sum[kTileRows][kTileVectors] = {};
  for (int64_t l = 0; l < args.k; ++l, a += kTileRows, b += kTileColumns) {
#pragma GCC unroll 8
    for (int i = 0; i < kTileRows; ++i) {
#pragma GCC unroll 8
      for (int v = 0; v < kTileVectors; ++v) sum[i][v] += a[i] * load(b + v * kWidth);
    }
  }
#pragma GCC unroll 8
  for (int i = 0; i < kTileRows; ++i) {
#pragma GCC unroll 8
    for (int v = 0; v < kTileVectors; ++v) {
      const int64_t j = column + v * kWidth;
      if (row + i < args.m && j < args.n)
        store(args.c + (row + i) * args.ldc + j, sum[i][v], args.n - j);
    }
  }
}

}  // namespace

void gemm_5_panels(const GemmArgs& args, Stream /*stream*/) {
  static thread_local Scratch scratch;
  const int64_t m = args.m, n = args.n, k = args.k;
  float* b_panel = scratch.floats(kTileColumns * k + round_up(m, kTileRows) * k);
  float* a_panels = b_panel + kTileColumns * k;
  for (int64_t row = 0; row < m; row += kTileRows) {
    pack(args.a, args.lda, row, m, k, kTileRows, a_panels + row * k);
  }
  for (int64_t column = 0; column < n; column += kTileColumns) {
    pack(args.b, args.ldb, column, n, k, kTileColumns, b_panel);
    for (int64_t row = 0; row < m; row += kTileRows) {
      multiply(args, a_panels + row * k, b_panel, row, column);
    }
  }
}

}  // namespace lathe::cpu::LATHE_ISA
