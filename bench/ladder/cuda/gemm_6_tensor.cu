// Step 6: tensor cores. Operands are bfloat16s, half the bytes, and a warp multiplies 16 x 16 by
// 16 x 8 of them in one instruction, 2048 products with sums in f32: step 5 takes 64 instructions
// for as many. A block has 64 x 64 results, each of its four warps 32 x 32 of them. Fragments come
// from shared memory by ldmatrix, four 8 x 8 matrices at a time. What is lost: while a tile is
// copied nothing is multiplied, and four fragments are read for eight products.
#include "bench/ladder/cuda/steps.h"
#include "kernels/cuda/mma.h"

namespace lathe::LATHE_CUDA {
namespace {

constexpr int kThreads = 128, kTile = 64, kDepth = 32;
// The eight rows of 16 bytes that ldmatrix reads at once lie 80 and 144 bytes apart: in different
// banks.
constexpr int kStrideA = kDepth + 8, kStrideB = kTile + 8;

// Eight numbers of a row, `left` of them there, to shared memory as whole words.
__device__ inline void copy_eight(const Bf16* from, int64_t left, bool vectors, uint16_t* to) {
  int4 words{0, 0, 0, 0};
  if (vectors) {
    if (left > 0) words = *reinterpret_cast<const int4*>(from);
  } else {
    const auto pair = [&](int u) {
      const uint32_t low = u < left ? from[u].bits : 0, high = u + 1 < left ? from[u + 1].bits : 0;
      return static_cast<int>(low | high << 16);
    };
    words = int4{pair(0), pair(2), pair(4), pair(6)};
  }
  *reinterpret_cast<int4*>(to) = words;
}

// kRows x kColumns numbers of x [rows, columns] from (row, column) on, zeros beyond its end.
template <int kRows, int kColumns, int kStride>
__device__ inline void copy_tile(const Bf16* x, int64_t ld, int64_t rows, int64_t columns,
                                 int64_t row, int64_t column, bool vectors, uint16_t* tile) {
  LATHE_UNROLL
  for (int n = 0; n < kRows * kColumns / 8 / kThreads; ++n) {
    const int piece = static_cast<int>(threadIdx.x) + n * kThreads;
    const int i = piece / (kColumns / 8), j = piece % (kColumns / 8) * 8;
    copy_eight(x + (row + i) * ld + column + j, row + i < rows ? columns - column - j : 0, vectors,
               tile + i * kStride + j);
  }
}

__global__ void __launch_bounds__(kThreads) tensor_kernel(GemmArgs args, bool vectors) {
  __shared__ __align__(16) uint16_t a_tile[kTile * kStrideA];
  __shared__ __align__(16) uint16_t b_tile[kDepth * kStrideB];
  const int64_t first_row = int64_t{blockIdx.y} * kTile, first_column = int64_t{blockIdx.x} * kTile;
  const int warp = static_cast<int>(threadIdx.x) / kWarp,
            lane = static_cast<int>(threadIdx.x) % kWarp;
  const int warp_row = warp / 2 * 32, warp_column = warp % 2 * 32;
  float sums[2][4][4] = {};  // pieces of 16 x 8, of each what mma leaves in this lane
  for (int64_t first = 0; first < args.k; first += kDepth) {
    copy_tile<kTile, kDepth, kStrideA>(as<Bf16>(args.a), args.lda, args.m, args.k, first_row, first,
                                       vectors, a_tile);
    copy_tile<kDepth, kTile, kStrideB>(as<Bf16>(args.b), args.ldb, args.k, args.n, first,
                                       first_column, vectors, b_tile);
    __syncthreads();
    LATHE_UNROLL
    for (int k = 0; k < kDepth; k += 16) {
      uint32_t rows[2][4], columns[2][4];
      LATHE_UNROLL
      for (int i = 0; i < 2; ++i) {
        load_fragment<true, Factor::kFirst, kStrideA>(a_tile, warp_row + i * 16, k, rows[i]);
        load_fragment<false, Factor::kSecond, kStrideB>(b_tile, warp_column + i * 16, k,
                                                        columns[i]);
      }
      LATHE_UNROLL
      for (int i = 0; i < 2; ++i) {
        LATHE_UNROLL
        for (int j = 0; j < 4; ++j) {
          const uint32_t(&pair)[4] = columns[j / 2];
          multiply_add(rows[i], pair[j % 2 * 2], pair[j % 2 * 2 + 1], sums[i][j]);
        }
      }
    }
    __syncthreads();
  }
  LATHE_UNROLL
  for (int piece = 0; piece < 16; ++piece) {
    const int i = piece / 8, j = piece / 2 % 4, half = piece % 2;
    const int64_t row = first_row + warp_row + i * 16 + lane / 4 + half * 8;
    const int64_t column = first_column + warp_column + j * 8 + lane % 4 * 2;
    if (row >= args.m || column >= args.n) continue;
    const float pair[2] = {sums[i][j][2 * half], sums[i][j][2 * half + 1]};
    store_group(as<Bf16>(args.c) + row * args.ldc + column, column + 1 < args.n ? 2 : 1, vectors,
                pair);
  }
}

}  // namespace

void gemm_6_tensor(const GemmArgs& args, Stream stream) {
  const dim3 grid(static_cast<unsigned>(ceil_div(args.n, kTile)),
                  static_cast<unsigned>(ceil_div(args.m, kTile)));
  // Eights are whole and aligned.
  const bool vectors = (args.k | args.n | args.lda | args.ldb | args.ldc) % 8 == 0 &&
                       aligned_to_16(args.a.data) && aligned_to_16(args.b.data) &&
                       aligned_to_16(args.c.data);
  launch("gemm", tensor_kernel, grid, kThreads, 0, stream, args, vectors);
}

}  // namespace lathe::LATHE_CUDA
