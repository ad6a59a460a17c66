// The product on tensor cores: operands rounded to bfloat16 on their way to shared memory, sums in
// f32. A block computes 128 x 128 results in steps of 32 along k; each of its 8 warps 64 x 32 of
// them, as 4 x 4 products of 16 x 16 x 8 a half step. Shared memory holds the operands' tiles
// twice, so that the next step's values come from global memory while this step's are multiplied.
#include "kernels/cuda/gemm.h"
#include "kernels/cuda/mma.h"
#include "kernels/cuda/ops.h"
#include "kernels/cuda/vector.h"

namespace lathe::LATHE_CUDA {

namespace {

constexpr int kThreads = 256;
constexpr int kTile = 128;
constexpr int kDepth = 32;

// One operand as [outer, k], whichever way it lies in memory.
struct Operand {
  const float* data;
  int64_t ld, outer, k;
  bool vectors;  // four neighbours in memory are aligned to 16 bytes
};

// A tile keeps the order in which its operand lies in memory: rows along k or along the outer
// dimension. 16 bytes after each row put the rows that ldmatrix reads together into different
// banks.
template <bool along_k>
constexpr int kStride = (along_k ? kDepth : kTile) + 8;
template <bool along_k>
constexpr int kTileSize = (along_k ? kTile : kDepth) * kStride<along_k>;

// A thread's share of a step's tile, four neighbours at a time, on its way to shared memory.
template <bool along_k>
class Stage {
 public:
  __device__ void load(const Operand& operand, int64_t first_outer, int64_t first_k) {
    LATHE_UNROLL
    for (int n = 0; n < kShare; ++n) {
      const int64_t i = first_outer + outer(n), l = first_k + depth(n);
      const float* from = operand.data + (along_k ? i * operand.ld + l : l * operand.ld + i);
      const int64_t left = along_k ? operand.k - l : operand.outer - i;  // neighbours that exist
      const bool row_exists = along_k ? i < operand.outer : l < operand.k;
      if (operand.vectors && row_exists && left >= 4) {
        values_[n] = load_vector<4>(from);
        continue;
      }
      LATHE_UNROLL
      for (int u = 0; u < 4; ++u) values_[n].x[u] = row_exists && u < left ? from[u] : 0.0f;
    }
  }
  __device__ void store(uint16_t* tile) const {
    LATHE_UNROLL
    for (int n = 0; n < kShare; ++n) {
      const int at =
          along_k ? outer(n) * kStride<true> + depth(n) : depth(n) * kStride<false> + outer(n);
      auto* pairs = reinterpret_cast<uint32_t*>(tile + at);
      pairs[0] = to_bf16_pair(values_[n].x[0], values_[n].x[1]);
      pairs[1] = to_bf16_pair(values_[n].x[2], values_[n].x[3]);
    }
  }

 private:
  static constexpr int kShare = kTile * kDepth / 4 / kThreads;
  static constexpr int kInRow = (along_k ? kDepth : kTile) / 4;  // fours in a row

  __device__ static int four(int n) { return static_cast<int>(threadIdx.x) + n * kThreads; }
  __device__ static int row(int n) { return four(n) / kInRow; }
  __device__ static int column(int n) { return four(n) % kInRow * 4; }
  __device__ static int outer(int n) { return along_k ? row(n) : column(n); }
  __device__ static int depth(int n) { return along_k ? column(n) : row(n); }

  Vector<4> values_[kShare];
};

// 16 x 16 elements [outer, k] of a tile, as four 8 x 8 matrices. In which order: that of the first
// factor has the outer halves next to each other, that of the second factor the halves of k.
enum class Factor { kFirst, kSecond };

template <bool along_k, Factor factor>
__device__ inline void load_fragment(const uint16_t* tile, int outer, int k, uint32_t (&words)[4]) {
  const int lane = static_cast<int>(threadIdx.x) % kWarp, row = lane % 8;
  const int near = lane / 8 % 2 * 8, far = lane / 16 * 8;
  outer += factor == Factor::kFirst ? near : far;
  k += factor == Factor::kFirst ? far : near;
  if constexpr (along_k) {
    load_matrices<false>(tile + (outer + row) * kStride<true> + k, words);
  } else {
    load_matrices<true>(tile + (k + row) * kStride<false> + outer, words);
  }
}

template <bool transpose_a, bool transpose_b>
__global__ void __launch_bounds__(kThreads)
    gemm_bf16_kernel(const __grid_constant__ GemmArgs args, bool a_vectors, bool b_vectors) {
  constexpr bool kAlongA = !transpose_a, kAlongB = transpose_b;
  __shared__ __align__(16) uint16_t a_tiles[2][kTileSize<kAlongA>];
  __shared__ __align__(16) uint16_t b_tiles[2][kTileSize<kAlongB>];
  const Operand a{args.a, args.lda, args.m, args.k, a_vectors};
  const Operand b{args.b, args.ldb, args.n, args.k, b_vectors};
  const int64_t first_row = int64_t{blockIdx.y} * kTile, first_column = int64_t{blockIdx.x} * kTile;
  const int warp = static_cast<int>(threadIdx.x) / kWarp;
  const int lane = static_cast<int>(threadIdx.x) % kWarp;
  const int warp_row = warp / 4 * 64, warp_column = warp % 4 * 32;

  Stage<kAlongA> a_stage;
  Stage<kAlongB> b_stage;
  float sums[4][4][4] = {};  // of the warp's 16 x 8 pieces
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
    const uint16_t *a_tile = a_tiles[step % 2], *b_tile = b_tiles[step % 2];
    LATHE_UNROLL
    for (int k = 0; k < kDepth; k += 16) {
      uint32_t rows[4][4], columns[2][4];
      LATHE_UNROLL
      for (int i = 0; i < 4; ++i) {
        load_fragment<kAlongA, Factor::kFirst>(a_tile, warp_row + i * 16, k, rows[i]);
      }
      LATHE_UNROLL
      for (int j = 0; j < 2; ++j) {
        load_fragment<kAlongB, Factor::kSecond>(b_tile, warp_column + j * 16, k, columns[j]);
      }
      LATHE_UNROLL
      for (int i = 0; i < 4; ++i) {
        LATHE_UNROLL
        for (int j = 0; j < 4; ++j) {
          const uint32_t(&pair)[4] = columns[j / 2];
          multiply_add(rows[i], pair[j % 2 * 2], pair[j % 2 * 2 + 1], sums[i][j]);
        }
      }
    }
    if (more) {
      a_stage.store(a_tiles[(step + 1) % 2]), b_stage.store(b_tiles[(step + 1) % 2]);
      __syncthreads();
    }
  }
  LATHE_UNROLL
  for (int i = 0; i < 4; ++i) {
    LATHE_UNROLL
    for (int j = 0; j < 4; ++j) {
      LATHE_UNROLL
      for (int u = 0; u < 4; ++u) {
        const int64_t row = first_row + warp_row + i * 16 + lane / 4 + u / 2 * 8;
        const int64_t column = first_column + warp_column + j * 8 + lane % 4 * 2 + u % 2;
        if (row < args.m && column < args.n) finish_element(args, sums[i][j][u], row, column);
      }
    }
  }
}

bool takes_vectors(const float* data, int64_t ld) { return aligned_to_16(data) && ld % 4 == 0; }

}  // namespace

void gemm_bf16(const GemmArgs& args, Stream stream) {
  if (args.a_row_sum != nullptr) add_row_sums(args, stream);
  if (args.m == 0 || args.n == 0) return;
  const dim3 grid(static_cast<unsigned>(ceil_div(args.n, kTile)),
                  static_cast<unsigned>(ceil_div(args.m, kTile)));
  const auto kernel =
      args.transpose_a
          ? (args.transpose_b ? gemm_bf16_kernel<true, true> : gemm_bf16_kernel<true, false>)
          : (args.transpose_b ? gemm_bf16_kernel<false, true> : gemm_bf16_kernel<false, false>);
  launch("gemm", kernel, grid, kThreads, 0, stream, args, takes_vectors(args.a, args.lda),
         takes_vectors(args.b, args.ldb));
}

}  // namespace lathe::LATHE_CUDA
