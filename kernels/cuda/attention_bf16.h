// What attention's forward and backward share where numbers are bfloat16s: products of tiles of 64
// rows of a head on tensor cores.
//
// A block has 4 warps, or with a whole head one for every 16 rows. Each holds 16 rows (queries, or
// keys in the gradient of keys and values) of a matrix of scores, and the tiles of the other side
// pass by them. As mma leaves its results, a lane has of the rows lane / 4 and lane / 4 + 8 the
// columns 8 n + 2 (lane % 4) and the next, n = 0 … 7; rounded, these are what mma asks of a first
// factor, so that the second product takes the scores as they lie in registers.
#pragma once

#include <type_traits>

#include "kernels/cuda/attention.h"
#include "kernels/cuda/dropout.h"
#include "kernels/cuda/exchange.h"
#include "kernels/cuda/mma.h"
#include "kernels/cuda/reduce.h"

namespace lathe::LATHE_CUDA {

constexpr int kTensorThreads = 128;
constexpr int kTileRows = 64;
constexpr int kWarpRows = 16;
constexpr int kScorePieces = kTileRows / 8;
constexpr float kLog2E = 1.4426950408889634f;

// 16 bytes after each row of a tile put the rows that ldmatrix reads together into different banks.
template <int kHead>
constexpr int kTileStride = kHead + 8;
template <int kHead>
constexpr int kTileNumbers = kTileRows* kTileStride<kHead>;

__device__ inline int lane_of() { return static_cast<int>(threadIdx.x) % kWarp; }
__device__ inline int warp_of() { return static_cast<int>(threadIdx.x) / kWarp; }

// The rows of one head in memory.
struct HeadMatrix {
  const Bf16* data;  // row 0, the head's first column
  int64_t ld;
  int head_size;
  bool vectors;  // pieces of 8 columns are whole and aligned to 16 bytes
};

// Asks for kRows rows from `first` on of `rows`, with zeros beyond them and beyond the head's
// columns. By kThreads threads, all of the block.
template <int kHead, int kRows = kTileRows, int kThreads = kTensorThreads>
__device__ inline void copy_rows(const HeadMatrix& from, int first, int rows, uint16_t* tile) {
  if (from.vectors) {
    // A thread's pieces lie one below the other.
    constexpr int kInRow = kHead / 8, kBelow = kThreads / kInRow;
    const int row = static_cast<int>(threadIdx.x) / kInRow;
    const int column = static_cast<int>(threadIdx.x) % kInRow * 8;
    const int there = column < from.head_size ? rows - first - row : 0;  // rows from its first on
    const Bf16* at = from.data + (first + row) * from.ld + column;
    LATHE_UNROLL
    for (int n = 0; n < kRows; n += kBelow) {
      const bool inside = n < there;
      copy_async(tile + (row + n) * kTileStride<kHead> + column, inside ? at : from.data,
                 inside ? 16 : 0);
      at += kBelow * from.ld;
    }
    return;
  }
  LATHE_UNROLL_BY(4)
  for (int n = 0; n < kRows * kHead / 2 / kThreads; ++n) {
    const int pair = static_cast<int>(threadIdx.x) + n * kThreads;
    const int row = pair / (kHead / 2), column = pair % (kHead / 2) * 2;
    const int left = first + row < rows ? from.head_size - column : 0;
    const Bf16* at = from.data + (first + row) * from.ld + column;
    const uint32_t low = left > 0 ? at[0].bits : 0, high = left > 1 ? at[1].bits : 0;
    *reinterpret_cast<uint32_t*>(tile + row * kTileStride<kHead> + column) = low | high << 16;
  }
}

// The groups of 16 rows of a tile of kRows that there are any of.
template <int kRows = kTileRows>
__device__ inline int groups_of(int rows) {
  return minimum((rows + 15) / 16, kRows / 16);
}

// A warp's 16 rows of scores.
template <int kColumns = kTileRows>
struct Scores {
  float x[kColumns / 8][4];

  // x = a bᵀ: the warp's 16 rows of one tile with the first 16 `groups` rows of another. The lane
  // names the row that it gives ldmatrix the address of, the (lane % 16)-th of the warp.
  template <int kHead>
  __device__ void multiply(const uint16_t* a, int lane_row, const uint16_t* b, int groups) {
    LATHE_UNROLL
    for (auto& piece : x) {
      LATHE_UNROLL
      for (float& value : piece) value = 0.0f;
    }
    LATHE_UNROLL
    for (int k = 0; k < kHead; k += 16) {
      uint32_t rows[4];
      load_matrices<false>(a + lane_row * kTileStride<kHead> + k + lane_of() / 16 * 8, rows);
      LATHE_UNROLL
      for (int group = 0; group < kColumns / 16; ++group) {
        if (group >= groups) continue;
        uint32_t columns[4];
        load_fragment<true, Factor::kSecond, kTileStride<kHead>>(b, group * 16, k, columns);
        multiply_add(rows, columns[0], columns[1], x[2 * group]);
        multiply_add(rows, columns[2], columns[3], x[2 * group + 1]);
      }
    }
  }
};

// Sums of 16 rows of a head's columns.
template <int kHead>
struct HeadSums {
  float x[kHead / 8][4] = {};

  // x += 16 columns of scores, as mma asks of a first factor, times rows k … k + 15 of the tile b.
  __device__ void add_group(const uint32_t (&scores)[4], const uint16_t* b, int k) {
    LATHE_UNROLL
    for (int n = 0; n < kHead / 16; ++n) {
      uint32_t columns[4];
      load_fragment<false, Factor::kSecond, kTileStride<kHead>>(b, n * 16, k, columns);
      multiply_add(scores, columns[0], columns[1], x[2 * n]);
      multiply_add(scores, columns[2], columns[3], x[2 * n + 1]);
    }
  }

  // x += scores b, over the first 16 `groups` rows of the tile b.
  template <int kColumns>
  __device__ void add_product(const Scores<kColumns>& scores, const uint16_t* b, int groups) {
    LATHE_UNROLL
    for (int group = 0; group < kColumns / 16; ++group) {
      if (group >= groups) continue;
      const float(&low)[4] = scores.x[2 * group], (&high)[4] = scores.x[2 * group + 1];
      add_group({to_bf16_pair(low[0], low[1]), to_bf16_pair(low[2], low[3]),
                 to_bf16_pair(high[0], high[1]), to_bf16_pair(high[2], high[3])},
                b, group * 16);
    }
  }

  // One of the lane's two rows, times `factor`, to memory; nowhere if `to` is null. By all lanes.
  __device__ void store_row(int half, float factor, Bf16* to, int head_size, bool vectors) const {
    LATHE_UNROLL
    for (int n = 0; n < kHead / 8; n += 4) {
      // Of each of four pieces of eight columns a lane has two; it takes one piece whole.
      uint32_t pairs[4];
      LATHE_UNROLL
      for (int u = 0; u < 4; ++u) {
        pairs[u] = to_bf16_pair(x[n + u][2 * half] * factor, x[n + u][2 * half + 1] * factor);
      }
      transpose_in_four(pairs);
      const int column = (n + lane_of() % 4) * 8;
      if (to == nullptr || column >= head_size) continue;
      store_pairs(to + column, head_size - column, vectors, pairs);
    }
  }
};

// The lane's scores that dropout drops become 0, where rows are queries and columns the keys of
// tile number `tile`; nothing is scaled. Columns 16 apart share a draw: 8 draws for the 32 scores.
__device__ inline void drop_scores(const Draw& draw, int tile, uint32_t row_of_first,
                                   uint32_t row_of_second, Scores<>& scores) {
  LATHE_UNROLL
  for (int at = 0; at < 8; ++at) {
    const int half = at / 4, e = at / 2 % 2, odd = at % 2;
    const auto counter = static_cast<uint32_t>(tile * 16 + lane_of() % 4 * 2 + e + odd * 8);
    const PhiloxWords words =
        philox(draw.seed, counter, half == 0 ? row_of_first : row_of_second, draw.site, draw.step);
    LATHE_UNROLL
    for (int w = 0; w < kQuad; ++w) {
      float& score = scores.x[2 * w + odd][2 * half + e];
      if (words.word[w] < draw.threshold) score = 0.0f;
    }
  }
}

// The part of a matrix that a block works on: rows from `first_row` on of the head of blockIdx.x.
__device__ inline HeadMatrix head_matrix(const ConstNumbers& x, int64_t ld, int64_t first_row,
                                         int64_t head_size, bool vectors) {
  return {as<Bf16>(x) + first_row * ld + blockIdx.x * head_size, ld, static_cast<int>(head_size),
          vectors};
}

// Whether the pieces of 8 columns of all heads in those matrices are whole and aligned.
inline bool pieces_are_aligned(int64_t head_size, std::initializer_list<const void*> matrices,
                               std::initializer_list<int64_t> distances) {
  bool aligned = head_size % 8 == 0;
  for (const void* matrix : matrices) aligned = aligned && aligned_to_16(matrix);
  for (const int64_t ld : distances) aligned = aligned && ld % 8 == 0;
  return aligned;
}

// With few sequences, several blocks share one's tiles, as many as fill a large GPU. The blocks
// without a tile end at once.
inline dim3 attention_grid(int64_t heads, int64_t sequences) {
  constexpr int64_t kWanted = 1024, kMostShares = 8;
  const int64_t shares = minimum(ceil_div(kWanted, sequences * heads), kMostShares);
  return dim3(static_cast<unsigned>(heads), static_cast<unsigned>(sequences),
              static_cast<unsigned>(shares));
}

}  // namespace lathe::LATHE_CUDA
