// Step 5: vectors and two buffers. Every load and store moves four neighbouring numbers: a quarter
// of the instructions for the same bytes. And each operand has two tiles: while one is multiplied,
// the next step's numbers are on their way from global memory into registers, and go to the other
// tile when the products are done. The wait for memory passes behind arithmetic, and one barrier a
// step is enough.
#include "bench/ladder/cuda/steps.h"
#include "kernels/cuda/numbers.h"

namespace lathe::LATHE_CUDA {
namespace {

constexpr int kTile = 128, kDepth = 8, kThreads = 256, kEach = 8;
constexpr int kPad = 4;  // rows still begin at multiples of 16 bytes
using Tile = float[kDepth][kTile + kPad];

// A thread's four numbers of each operand for the next step, on their way from global memory to a
// tile: of a four along k, of b four along a row.
class Stage {
 public:
  __device__ Stage(const GemmArgs& args, int64_t first_row, int64_t first_column, bool vectors)
      : ldb_(args.ldb), vectors_(vectors) {
    const int thread = static_cast<int>(threadIdx.x);
    const int64_t row = first_row + thread / 2, column = first_column + thread % 32 * 4;
    a_from_ = as<float>(args.a) + row * args.lda + thread % 2 * 4;
    a_left_ = row < args.m ? static_cast<int>(args.k) - thread % 2 * 4 : 0;
    b_from_ = as<float>(args.b) + thread / 32 * ldb_ + column;
    b_left_ = static_cast<int>(args.n - column);
    b_rows_left_ = static_cast<int>(args.k) - thread / 32;
  }
  __device__ void load() {
    load_four(a_from_, a_left_, a_);
    load_four(b_from_, b_rows_left_ > 0 ? b_left_ : 0, b_);
    a_from_ += kDepth, a_left_ -= kDepth;
    b_from_ += kDepth * ldb_, b_rows_left_ -= kDepth;
  }
  __device__ void store(Tile& a_tile, Tile& b_tile) const {
    const int thread = static_cast<int>(threadIdx.x);
    LATHE_UNROLL
    for (int u = 0; u < 4; ++u) a_tile[thread % 2 * 4 + u][thread / 2] = a_[u];
    store_group(&b_tile[thread / 32][thread % 32 * 4], 4, true, b_);
  }

 private:
  __device__ void load_four(const float* from, int left, float (&x)[4]) const {
    load_group(from, left, vectors_ && left > 0, x);
  }

  const float *a_from_, *b_from_;
  int a_left_, b_left_, b_rows_left_;
  int64_t ldb_;
  bool vectors_;
  float a_[4], b_[4];
};

// A thread's rows and columns: four side by side, and four more 64 further.
__device__ inline int position(int part, int n) { return n / 4 * 64 + part * 4 + n % 4; }

__device__ inline void load_eight_of(const float (&row)[kTile + kPad], int part,
                                     float (&x)[kEach]) {
  LATHE_UNROLL
  for (int n = 0; n < kEach; n += 4) {
    const Vector<4> four = load_vector<4>(&row[position(part, n)]);
    LATHE_UNROLL
    for (int u = 0; u < 4; ++u) x[n + u] = four.x[u];
  }
}

__global__ void __launch_bounds__(kThreads, 2) vectors_kernel(GemmArgs args, bool vectors) {
  __shared__ __align__(16) Tile a_tiles[2];
  __shared__ __align__(16) Tile b_tiles[2];
  const int64_t first_row = int64_t{blockIdx.y} * kTile, first_column = int64_t{blockIdx.x} * kTile;
  const int down = static_cast<int>(threadIdx.x) / 16, across = static_cast<int>(threadIdx.x) % 16;
  const int k = static_cast<int>(args.k);
  float sums[kEach][kEach] = {};
  Stage stage(args, first_row, first_column, vectors);
  stage.load();
  stage.store(a_tiles[0], b_tiles[0]);
  __syncthreads();
  for (int first = 0, now = 0; first < k; first += kDepth, now = 1 - now) {
    const bool more = first + kDepth < k;
    if (more) stage.load();
    LATHE_UNROLL
    for (int l = 0; l < kDepth; ++l) {
      float rows[kEach], columns[kEach];
      load_eight_of(a_tiles[now][l], down, rows);
      load_eight_of(b_tiles[now][l], across, columns);
      LATHE_UNROLL
      for (int i = 0; i < kEach; ++i) {
        LATHE_UNROLL
        for (int j = 0; j < kEach; ++j) sums[i][j] += rows[i] * columns[j];
      }
    }
    if (more) stage.store(a_tiles[1 - now], b_tiles[1 - now]);
    __syncthreads();
  }
  LATHE_UNROLL
  for (int i = 0; i < kEach; ++i) {
    const int64_t row = first_row + position(down, i);
    if (row >= args.m) continue;
    LATHE_UNROLL
    for (int j = 0; j < kEach; j += 4) {
      const int64_t column = first_column + position(across, j), left = args.n - column;
      if (left <= 0) continue;
      const float four[4] = {sums[i][j], sums[i][j + 1], sums[i][j + 2], sums[i][j + 3]};
      store_group(as<float>(args.c) + row * args.ldc + column,
                  static_cast<int>(minimum<int64_t>(left, 4)), vectors, four);
    }
  }
}

}  // namespace

void gemm_5_vectors(const GemmArgs& args, Stream stream) {
  const dim3 grid(static_cast<unsigned>(ceil_div(args.n, kTile)),
                  static_cast<unsigned>(ceil_div(args.m, kTile)));
  // Fours are whole and aligned.
  const bool vectors = (args.k | args.n | args.lda | args.ldb | args.ldc) % 4 == 0 &&
                       aligned_to_16(args.a.data) && aligned_to_16(args.b.data) &&
                       aligned_to_16(args.c.data);
  launch("gemm", vectors_kernel, grid, kThreads, 0, stream, args, vectors);
}

}  // namespace lathe::LATHE_CUDA
