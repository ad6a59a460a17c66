// The product on any GPU's tensor cores, of bfloat16s with sums in f32. A block computes 128 x 128
// results in steps of 32 along k; each of its 8 warps 64 x 32 of them, as 4 x 4 products of 16 x 16
// x 8 a half step. Shared memory holds the operands' tiles of three steps: while one is multiplied,
// the next two are on their way from global memory, copied by the hardware without passing through
// registers.
#include "kernels/cuda/gemm_results.h"
#include "kernels/cuda/mma.h"
#include "kernels/cuda/readable_operand.h"

namespace lathe::LATHE_CUDA {

namespace {

constexpr int kThreads = 256;
constexpr int kTile = 128;
constexpr int kDepth = 32;
constexpr int kStages = 3;

// One operand as [outer, k], whichever way it lies in memory. Its rows there begin at multiples of
// 16 bytes.
struct Operand {
  const uint16_t* data;
  int64_t ld, outer, k;
};

// A tile keeps the order in which its operand lies in memory: rows along k or along the outer
// dimension. 16 bytes after each row put the rows that ldmatrix reads together into different
// banks.
template <bool along_k>
constexpr int kStride = (along_k ? kDepth : kTile) + kChunk;
template <bool along_k>
constexpr int kTileSize = (along_k ? kTile : kDepth) * kStride<along_k>;

// Asks for a tile, with zeros beyond the operand's end.
template <bool along_k>
__device__ inline void copy_tile(const Operand& operand, int64_t first_outer, int64_t first_k,
                                 uint16_t* tile) {
  constexpr int kInRow = (along_k ? kDepth : kTile) / kChunk;
  const int64_t first_row = along_k ? first_outer : first_k;
  const int64_t first_column = along_k ? first_k : first_outer;
  const int64_t rows = along_k ? operand.outer : operand.k;
  const int64_t columns = along_k ? operand.k : operand.outer;
  LATHE_UNROLL
  for (int n = 0; n < kTile * kDepth / kChunk / kThreads; ++n) {
    const int chunk = static_cast<int>(threadIdx.x) + n * kThreads;
    const int row = chunk / kInRow, column = chunk % kInRow * kChunk;
    const int64_t left = first_row + row < rows ? columns - first_column - column : 0;
    const int count = static_cast<int>(left < 0 ? 0 : minimum<int64_t>(left, kChunk));
    const uint16_t* from = operand.data + (first_row + row) * operand.ld + first_column + column;
    copy_async(tile + row * kStride<along_k> + column, count > 0 ? from : operand.data,
               count * static_cast<int>(sizeof(uint16_t)));
  }
}

// The warp's 64 x 32 results, as 4 x 4 pieces of 16 x 8, and one step's products for them.
struct Sums {
  float x[4][4][4] = {};

  template <bool along_a, bool along_b>
  __device__ void add_products(const uint16_t* a_tile, const uint16_t* b_tile, int first_row,
                               int first_column) {
    LATHE_UNROLL
    for (int k = 0; k < kDepth; k += 16) {
      uint32_t rows[4][4], columns[2][4];
      LATHE_UNROLL
      for (int i = 0; i < 4; ++i) {
        load_fragment<along_a, Factor::kFirst, kStride<along_a>>(a_tile, first_row + i * 16, k,
                                                                 rows[i]);
      }
      LATHE_UNROLL
      for (int j = 0; j < 2; ++j) {
        load_fragment<along_b, Factor::kSecond, kStride<along_b>>(b_tile, first_column + j * 16, k,
                                                                  columns[j]);
      }
      LATHE_UNROLL
      for (int i = 0; i < 4; ++i) {
        LATHE_UNROLL
        for (int j = 0; j < 4; ++j) {
          const uint32_t(&pair)[4] = columns[j / 2];
          multiply_add(rows[i], pair[j % 2 * 2], pair[j % 2 * 2 + 1], x[i][j]);
        }
      }
    }
  }
};

template <bool transpose_a, bool transpose_b>
constexpr int kSharedBytes = kStages*(kTileSize<!transpose_a> + kTileSize<transpose_b>)*2;

// 16 x 32 of the warp's results. Not inlined: four times all epilogues would be long.
template <class T>
__device__ LATHE_NOINLINE void finish_group(const GemmArgs& args, LaneResults results, int64_t row,
                                            int64_t column, bool eights) {
  finish_rows<T, 1>(args, row, column, eights, [&](int) { return results; });
}

template <class T, bool transpose_a, bool transpose_b>
__global__ void __launch_bounds__(kThreads, 2)
    gemm_mma_kernel(const __grid_constant__ GemmArgs args, bool eights) {
  constexpr bool kAlongA = !transpose_a, kAlongB = transpose_b;
  auto* a_tiles = dynamic_shared<uint16_t>();
  uint16_t* b_tiles = a_tiles + kStages * kTileSize<kAlongA>;
  const Operand a{as<uint16_t>(args.a), args.lda, args.m, args.k};
  const Operand b{as<uint16_t>(args.b), args.ldb, args.n, args.k};
  const int64_t first_row = int64_t{blockIdx.y} * kTile, first_column = int64_t{blockIdx.x} * kTile;
  const int warp = static_cast<int>(threadIdx.x) / kWarp;
  const int warp_row = warp / 4 * 64, warp_column = warp % 4 * 32;
  const auto steps = static_cast<int>(ceil_div(args.k, kDepth));
  const auto begin_step = [&](int step) {
    if (step < steps) {
      const int stage = step % kStages;
      copy_tile<kAlongA>(a, first_row, int64_t{step} * kDepth,
                         a_tiles + stage * kTileSize<kAlongA>);
      copy_tile<kAlongB>(b, first_column, int64_t{step} * kDepth,
                         b_tiles + stage * kTileSize<kAlongB>);
    }
    end_copies();
  };

  Sums sums;
  for (int step = 0; step + 1 < kStages; ++step) begin_step(step);
  for (int step = 0; step < steps; ++step) {
    wait_for_copies<kStages - 2>();
    __syncthreads();  // every thread's copies are there, and the last step's tiles no longer needed
    begin_step(step + kStages - 1);
    const int stage = step % kStages;
    sums.add_products<kAlongA, kAlongB>(a_tiles + stage * kTileSize<kAlongA>,
                                        b_tiles + stage * kTileSize<kAlongB>, warp_row,
                                        warp_column);
  }
  LATHE_UNROLL
  for (int i = 0; i < 4; ++i) {
    LaneResults results;
    LATHE_UNROLL
    for (int at = 0; at < 16; ++at) {
      results.x[at / 2 % 2][at / 4][at % 2] = sums.x[i][at / 4][at % 4];
    }
    finish_group<T>(args, results, first_row + warp_row + i * 16, first_column + warp_column,
                    eights);
  }
}

template <class T, bool transpose_a, bool transpose_b>
void launch_kernel(const GemmArgs& args, Stream stream) {
  const dim3 grid(static_cast<unsigned>(ceil_div(args.n, kTile)),
                  static_cast<unsigned>(ceil_div(args.m, kTile)));
  constexpr int kBytes = kSharedBytes<transpose_a, transpose_b>;
  const auto kernel = gemm_mma_kernel<T, transpose_a, transpose_b>;
  allow_shared_memory(kernel, kBytes, "gemm");
  launch("gemm", kernel, grid, kThreads, kBytes, stream, args, takes_eights(args));
}

}  // namespace

void gemm_mma(const GemmArgs& args, Stream stream) {
  with_type(args.c.precision, [&](auto zero) {
    using T = decltype(zero);
    if (args.transpose_a) {
      args.transpose_b ? launch_kernel<T, true, true>(args, stream)
                       : launch_kernel<T, true, false>(args, stream);
    } else {
      args.transpose_b ? launch_kernel<T, false, true>(args, stream)
                       : launch_kernel<T, false, false>(args, stream);
    }
  });
}

}  // namespace lathe::LATHE_CUDA
