// The product in tiles: a block computes kTile x kTile results, walking along k in steps of kDepth.
// The operands' tiles lie in shared memory, twice, so that the next step's values come from global
// memory while this step's are multiplied. Each of 256 threads keeps (kTile / 16)² results in
// registers, so that a value read from shared memory is used kTile / 16 times.
#include "kernels/cuda/bulk_copy.h"
#include "kernels/cuda/gemm.h"
#include "kernels/cuda/ops.h"
#include "kernels/cuda/readable_operand.h"
#include "kernels/cuda/vector.h"

namespace lathe::LATHE_CUDA {

namespace {

constexpr int kThreads = 256;
constexpr int kDepth = 16;
constexpr int kPad = 4;  // floats after a row of a tile, which keep its start aligned to 16 bytes

// One operand as [outer, k], whichever way it lies in memory.
struct Operand {
  const float* data;
  int64_t ld, outer, k;
};

template <int kTile>
using Tile = float[kDepth][kTile + kPad];

// A thread's share of a step's tile, on its way from global to shared memory. Neighbouring threads
// take neighbouring addresses: along k when `along_k`, else along the outer dimension.
template <int kTile, bool along_k>
class Stage {
 public:
  __device__ void load(const Operand& operand, int64_t first_outer, int64_t first_k) {
    LATHE_UNROLL
    for (int n = 0; n < kShare; ++n) {
      const int64_t i = first_outer + outer(n), l = first_k + depth(n);
      const bool inside = i < operand.outer && l < operand.k;
      values_[n] = inside ? operand.data[along_k ? i * operand.ld + l : l * operand.ld + i] : 0.0f;
    }
  }
  __device__ void store(Tile<kTile>& tile) const {
    LATHE_UNROLL
    for (int n = 0; n < kShare; ++n) tile[depth(n)][outer(n)] = values_[n];
  }

 private:
  static constexpr int kShare = kTile * kDepth / kThreads;

  __device__ static int element(int n) { return static_cast<int>(threadIdx.x) + n * kThreads; }
  __device__ static int outer(int n) { return along_k ? element(n) / kDepth : element(n) % kTile; }
  __device__ static int depth(int n) { return along_k ? element(n) % kDepth : element(n) / kTile; }

  float values_[kShare];
};

// The thread's results: rows and columns 4 * part + 64 * half of the tile, in groups of four.
template <int kTile>
struct Results {
  static constexpr int kSize = kTile / 16;
  float x[kSize][kSize] = {};

  __device__ static int position(int part, int n) { return n / 4 * 64 + part * 4 + n % 4; }

  __device__ void add_product(const Tile<kTile>& a, const Tile<kTile>& b, int row_part,
                              int column_part) {
    LATHE_UNROLL
    for (int l = 0; l < kDepth; ++l) {
      float rows[kSize], columns[kSize];
      LATHE_UNROLL
      for (int n = 0; n < kSize; n += 4) {
        const Vector<4> r = load_vector<4>(&a[l][position(row_part, n)]);
        const Vector<4> c = load_vector<4>(&b[l][position(column_part, n)]);
        LATHE_UNROLL
        for (int u = 0; u < 4; ++u) rows[n + u] = r.x[u], columns[n + u] = c.x[u];
      }
      LATHE_UNROLL
      for (int i = 0; i < kSize; ++i) {
        LATHE_UNROLL
        for (int j = 0; j < kSize; ++j) x[i][j] += rows[i] * columns[j];
      }
    }
  }
};

template <int kTile, bool transpose_a, bool transpose_b>
__global__ void __launch_bounds__(kThreads)
    gemm_kernel(const __grid_constant__ GemmArgs args, bool pairs) {
  __shared__ __align__(16) Tile<kTile> a_tiles[2];
  __shared__ __align__(16) Tile<kTile> b_tiles[2];
  const Operand a{as<float>(args.a), args.lda, args.m, args.k};
  const Operand b{as<float>(args.b), args.ldb, args.n, args.k};
  const int64_t first_row = int64_t{blockIdx.y} * kTile, first_column = int64_t{blockIdx.x} * kTile;
  const int thread = static_cast<int>(threadIdx.x), row_part = thread / 16,
            column_part = thread % 16;
  const bool sums_rows = args.a_row_sum != nullptr && blockIdx.x == 0 && thread < kTile;

  Stage<kTile, !transpose_a> a_stage;
  Stage<kTile, transpose_b> b_stage;
  Results<kTile> results;
  float row_sum = 0;
  const int64_t steps = ceil_div(args.k, kDepth);
  if (steps > 0) {
    a_stage.load(a, first_row, 0), b_stage.load(b, first_column, 0);
    a_stage.store(a_tiles[0]), b_stage.store(b_tiles[0]);
    __syncthreads();
  }
  for (int64_t step = 0; step < steps; ++step) {
    const bool more = step + 1 < steps;
    if (more) {
      a_stage.load(a, first_row, (step + 1) * kDepth);
      b_stage.load(b, first_column, (step + 1) * kDepth);
    }
    const Tile<kTile>& a_tile = a_tiles[step % 2];
    results.add_product(a_tile, b_tiles[step % 2], row_part, column_part);
    if (sums_rows) {
      for (int l = 0; l < kDepth; ++l) row_sum += a_tile[l][thread];
    }
    if (more) {
      a_stage.store(a_tiles[(step + 1) % 2]), b_stage.store(b_tiles[(step + 1) % 2]);
      __syncthreads();
    }
  }
  if (sums_rows && first_row + thread < args.m) args.a_row_sum[first_row + thread] += row_sum;
  LATHE_UNROLL
  for (int i = 0; i < results.kSize; ++i) {
    const int64_t row = first_row + results.position(row_part, i);
    LATHE_UNROLL
    for (int j = 0; j < results.kSize; j += 2) {
      const int64_t column = first_column + results.position(column_part, j);
      finish_pair<float>(args, results.x[i][j], results.x[i][j + 1], row, column, pairs);
    }
  }
}

template <int kTile>
void launch_tiles(const GemmArgs& args, Stream stream) {
  // Without columns there may still be row sums to do.
  const dim3 grid(static_cast<unsigned>(args.n > 0 ? ceil_div(args.n, kTile) : 1),
                  static_cast<unsigned>(ceil_div(args.m, kTile)));
  const auto kernel =
      args.transpose_a
          ? (args.transpose_b ? gemm_kernel<kTile, true, true> : gemm_kernel<kTile, true, false>)
          : (args.transpose_b ? gemm_kernel<kTile, false, true> : gemm_kernel<kTile, false, false>);
  launch("gemm", kernel, grid, kThreads, 0, stream, args, takes_pairs(args));
}

}  // namespace

void gemm_tiled(const GemmArgs& args, int tile, Stream stream) {
  if (args.m == 0 || (args.n == 0 && args.a_row_sum == nullptr)) return;
  tile == 128 ? launch_tiles<128>(args, stream) : launch_tiles<64>(args, stream);
}

void gemm_bf16(const GemmArgs& args, Stream stream) {
  const bool by_warpgroups = args.m > 0 && args.n > 0 && args.k > 0 && is_hopper();
  GemmArgs product = args;
  if (args.a_row_sum != nullptr && !(by_warpgroups && sums_rows_on_the_way(args))) {
    add_row_sums(args, stream);
    product.a_row_sum = nullptr;
  }
  if (args.m == 0 || args.n == 0) return;
  const ReadableFactors factors(product, stream);
  by_warpgroups ? gemm_wgmma(factors.args, stream) : gemm_mma(factors.args, stream);
}

// Large tiles where there are enough of them to keep a large GPU's multiprocessors busy.
void gemm(const GemmArgs& args, Stream stream) {
  if (args.precision == Precision::kBF16 || args.a.precision == Precision::kBF16) {
    return gemm_bf16(args, stream);
  }
  constexpr int64_t kBusy = 128;
  const bool large = ceil_div(args.m, 128) * ceil_div(args.n, 128) >= kBusy;
  gemm_tiled(args, large ? 128 : 64, stream);
}

}  // namespace lathe::LATHE_CUDA
