// Step 4: a tile of c in registers. Until here every product loads its sum and stores it again. A
// tile of a few rows by a few vectors is summed over all of k without leaving the registers, and a
// vector of bᵀ, once loaded, serves all its rows.
#include "bench/ladder/cpu/plain.h"
#include "bench/ladder/cpu/steps.h"
#include "kernels/cpu/gemm_tile.h"
#include "kernels/scratch.h"

namespace lathe::cpu::LATHE_ISA {
namespace {

// The tile of c from (row, column) on. bt's rows are padded to whole tiles; rows beyond the last of
// a are computed from the last one again, and not stored.
void multiply(const GemmArgs& args, const float* bt, int64_t ldb, int64_t row, int64_t column) {
  const float* a[kTileRows];
#pragma GCC unroll 8
  for (int i = 0; i < kTileRows; ++i) a[i] = args.a + minimum(row + i, args.m - 1) * args.lda;
  Vec sum[kTileRows][kTileVectors] = {};
  for (int64_t l = 0; l < args.k; ++l) {
    Vec b[kTileVectors];
#pragma GCC unroll 8
    for (int v = 0; v < kTileVectors; ++v) b[v] = load(bt + l * ldb + column + v * kWidth);
#pragma GCC unroll 8
    for (int i = 0; i < kTileRows; ++i) {
#pragma GCC unroll 8
      for (int v = 0; v < kTileVectors; ++v) sum[i][v] += a[i][l] * b[v];
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

void gemm_4_registers(const GemmArgs& args, Stream /*stream*/) {
  static thread_local Scratch scratch;
  const int64_t ldb = round_up(args.n, kTileColumns);
  float* bt = scratch.floats(args.k * ldb);  // [k, n]
  transpose(args.b, args.ldb, args.n, args.k, bt, ldb);
  for (int64_t column = 0; column < args.n; column += kTileColumns) {
    for (int64_t row = 0; row < args.m; row += kTileRows) multiply(args, bt, ldb, row, column);
  }
}

}  // namespace lathe::cpu::LATHE_ISA
