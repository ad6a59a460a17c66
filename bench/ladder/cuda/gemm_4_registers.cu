// Step 4: a tile of results in registers. A thread has 8 x 8 results instead of one: for each l it
// loads 8 numbers of a's tile and 8 of b's and multiplies each with each, 64 products for 16 loads
// in place of 128. A block has 128 x 128 results, so that each number from global memory serves 128
// products. The price: 64 registers of sums a thread, so fewer threads on a multiprocessor; 64
// independent sums keep its units as busy as they would.
#include "bench/ladder/cuda/steps.h"
#include "kernels/cuda/numbers.h"

namespace lathe::LATHE_CUDA {
namespace {

constexpr int kTile = 128, kDepth = 8, kThreads = 256;
constexpr int kAcross = 16, kEach = kTile / kAcross;  // 16 x 16 threads, results every 16th
// After each row of a's tile, which is written by columns: 8 of them, 4 rows each, then lie in 32
// different banks.
constexpr int kPad = 4;

__global__ void __launch_bounds__(kThreads) registers_kernel(GemmArgs args) {
  __shared__ float a_tile[kDepth][kTile + kPad];  // transposed: [l][row]
  __shared__ float b_tile[kDepth][kTile];
  const float *a = as<float>(args.a), *b = as<float>(args.b);
  const int64_t first_row = int64_t{blockIdx.y} * kTile, first_column = int64_t{blockIdx.x} * kTile;
  const int thread = static_cast<int>(threadIdx.x), down = thread / kAcross,
            across = thread % kAcross;
  float sums[kEach][kEach] = {};
  for (int64_t first = 0; first < args.k; first += kDepth) {
    LATHE_UNROLL
    for (int n = 0; n < kTile * kDepth / kThreads; ++n) {
      const int element = thread + n * kThreads;
      const int row = element / kDepth, depth = element % kDepth;
      const bool inside = first_row + row < args.m && first + depth < args.k;
      a_tile[depth][row] = inside ? a[(first_row + row) * args.lda + first + depth] : 0.0f;
    }
    LATHE_UNROLL
    for (int n = 0; n < kTile * kDepth / kThreads; ++n) {
      const int element = thread + n * kThreads;
      const int depth = element / kTile, column = element % kTile;
      const bool inside = first_column + column < args.n && first + depth < args.k;
      b_tile[depth][column] = inside ? b[(first + depth) * args.ldb + first_column + column] : 0.0f;
    }
    __syncthreads();
    LATHE_UNROLL
    for (int l = 0; l < kDepth; ++l) {
      float rows[kEach], columns[kEach];
      LATHE_UNROLL
      for (int n = 0; n < kEach; ++n) {
        rows[n] = a_tile[l][down + n * kAcross];
        columns[n] = b_tile[l][across + n * kAcross];
      }
      LATHE_UNROLL
      for (int i = 0; i < kEach; ++i) {
        LATHE_UNROLL
        for (int j = 0; j < kEach; ++j) sums[i][j] += rows[i] * columns[j];
      }
    }
    __syncthreads();
  }
  LATHE_UNROLL
  for (int i = 0; i < kEach; ++i) {
    const int64_t row = first_row + down + i * kAcross;
    LATHE_UNROLL
    for (int j = 0; j < kEach; ++j) {
      const int64_t column = first_column + across + j * kAcross;
      if (row < args.m && column < args.n) as<float>(args.c)[row * args.ldc + column] = sums[i][j];
    }
  }
}

}  // namespace

void gemm_4_registers(const GemmArgs& args, Stream stream) {
  const dim3 grid(static_cast<unsigned>(ceil_div(args.n, kTile)),
                  static_cast<unsigned>(ceil_div(args.m, kTile)));
  launch("gemm", registers_kernel, grid, kThreads, 0, stream, args);
}

}  // namespace lathe::LATHE_CUDA
