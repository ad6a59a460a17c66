// What attention's forward and backward share: tiles of rows in shared memory and their products.
//
// A block has 256 threads as 16 x 16: `across` (threadIdx.x % 16) counts the keys of a tile of
// scores, or the columns of a head, `down` (threadIdx.x / 16) counts rows. A thread's keys are
// across, across + 16, across + 32, across + 48: the four that share one draw of dropout.
#pragma once

#include <type_traits>

#include "kernels/cuda/device.h"
#include "kernels/cuda/dropout.h"
#include "kernels/cuda/numbers.h"
#include "kernels/cuda/reduce.h"

namespace lathe::LATHE_CUDA {

constexpr int kAttentionThreads = 256;
// Blocks of a multiprocessor, where shared memory has room for two: up to 128 registers a thread.
template <int kHead>
constexpr int kAttentionBlocks = kHead > 64 ? 1 : 2;
constexpr int kKeys = 64;     // of a tile
constexpr int kKeysEach = 4;  // of a thread
constexpr int kScoreStride = kKeys + 4;

// Rows of kHead columns lie kHead + 4 floats apart: 16-byte loads of neighbouring rows then fall
// into different banks of shared memory.
template <int kHead>
constexpr int kRowStride = kHead + 4;

// Copies `rows` rows of a head to shared memory, with zeros after the head's columns and up to
// kRows rows.
template <int kHead, int kRows>
__device__ inline void load_rows(const float* from, int64_t ld, int rows, int head_size,
                                 float* to) {
  LATHE_UNROLL
  for (int n = 0; n < kRows * kHead / kAttentionThreads; ++n) {
    const int element = static_cast<int>(threadIdx.x) + n * kAttentionThreads;
    const int row = element / kHead, column = element % kHead;
    const bool inside = row < rows && column < head_size;
    to[row * kRowStride<kHead> + column] = inside ? from[row * ld + column] : 0.0f;
  }
}

// sums[r][c] = a[down * kRows + r] · b[across + 16 c]
template <int kHead, int kRows>
__device__ inline void multiply_rows(const float* a, const float* b, int down, int across,
                                     float (&sums)[kRows][kKeysEach]) {
  constexpr int kStride = kRowStride<kHead>;
  LATHE_UNROLL
  for (int r = 0; r < kRows; ++r) {
    LATHE_UNROLL
    for (int c = 0; c < kKeysEach; ++c) sums[r][c] = 0.0f;
  }
  LATHE_UNROLL_BY(4)
  for (int l = 0; l < kHead; l += 4) {
    Vector<4> b_part[kKeysEach];
    LATHE_UNROLL
    for (int c = 0; c < kKeysEach; ++c) {
      b_part[c] = load_vector<4>(b + (across + c * kQuadStride) * kStride + l);
    }
    LATHE_UNROLL
    for (int r = 0; r < kRows; ++r) {
      const Vector<4> a_part = load_vector<4>(a + (down * kRows + r) * kStride + l);
      LATHE_UNROLL
      for (int c = 0; c < kKeysEach; ++c) {
        LATHE_UNROLL
        for (int u = 0; u < 4; ++u) sums[r][c] += a_part.x[u] * b_part[c].x[u];
      }
    }
  }
}

// A thread's part of some rows of a head: kRows rows, and of each the columns that lie in vectors
// of kWidth at kWidth * across, and so on every 16 * kWidth.
template <int kHead, int kRows>
struct HeadRows {
  static constexpr int kColumns = kHead / 16;
  static constexpr int kWidth = kColumns < 4 ? kColumns : 4;
  float x[kRows][kColumns] = {};

  __device__ static int column(int across, int n) {
    return n / kWidth * 16 * kWidth + across * kWidth + n % kWidth;
  }

  // The thread's columns of one row in shared memory.
  __device__ static void load(const float* row, int across, float (&values)[kColumns]) {
    LATHE_UNROLL
    for (int n = 0; n < kColumns; n += kWidth) {
      const Vector<kWidth> part = load_vector<kWidth>(row + column(across, n));
      LATHE_UNROLL
      for (int u = 0; u < kWidth; ++u) values[n + u] = part.x[u];
    }
  }

  __device__ void add(int r, float factor, const float (&values)[kColumns]) {
    LATHE_UNROLL
    for (int n = 0; n < kColumns; ++n) x[r][n] += factor * values[n];
  }
};

// On tensor cores, of bfloat16s.
void attention_forward_bf16(const AttentionForwardArgs& args, Stream stream);
void attention_backward_bf16(const AttentionBackwardArgs& args, Stream stream);

constexpr int64_t kMostHeadSize = 128;
// Error: a head of more columns than the kernels hold.
void refuse_head_size(int64_t head_size);

// The head size that the kernels are made for which holds this one: 32, 64 or 128.
template <class Use>
void with_head(int64_t head_size, const Use& use) {
  if (head_size <= 32) return use(std::integral_constant<int, 32>());
  if (head_size <= 64) return use(std::integral_constant<int, 64>());
  if (head_size <= kMostHeadSize) return use(std::integral_constant<int, 128>());
  refuse_head_size(head_size);
}

}  // namespace lathe::LATHE_CUDA
