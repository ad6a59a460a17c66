// Step 3: tiles in shared memory (Dao et al., "FlashAttention", 2022). A block has 32 queries, four
// a warp, and tiles of 32 keys and values pass: what is fetched once serves 32 queries, and step
// 2's loads of k, each lane another row, become a copy of whole rows. But a product still costs
// two loads of shared memory, as in gemm's step 3.
#include "bench/ladder/cuda/heads.h"
#include "bench/ladder/cuda/steps.h"

namespace lathe::LATHE_CUDA {
namespace {

constexpr int kWarps = 8, kThreads = kWarps * kWarp;
constexpr int kEach = 4, kQueries = kWarps * kEach;

// Rows first … first + 31 of x, `stride` floats apart, with zeros beyond the last of `rows`.
__device__ inline void copy_rows(const float* x, int64_t ld, int first, int rows, int size,
                                 int stride, float* tile) {
  for (int at = static_cast<int>(threadIdx.x); at < kWarp * size; at += kThreads) {
    const int row = at / size, column = at % size;
    tile[row * stride + column] = first + row < rows ? x[(first + row) * ld + column] : 0.0f;
  }
}

__global__ void __launch_bounds__(kThreads) tiles_kernel(AttentionForwardArgs args) {
  const LadderHead h = ladder_head(args);
  // An odd distance where it must be: lanes read different rows of k at the same column.
  const int stride = h.size | 1;
  float* q_tile = dynamic_shared<float>();
  float* k_tile = q_tile + kQueries * h.size;
  float* v_tile = k_tile + kWarp * stride;
  const int lane = static_cast<int>(threadIdx.x) % kWarp,
            warp = static_cast<int>(threadIdx.x) / kWarp;

  for (int i0 = static_cast<int>(blockIdx.z) * kQueries; i0 < h.queries;
       i0 += kLadderShares * kQueries) {
    float context[kEach][kLadderColumns] = {}, largest[kEach], sum[kEach] = {};
    LATHE_UNROLL
    for (float& x : largest) x = -INFINITY;
    for (int first = 0; first < h.keys; first += kWarp) {
      __syncthreads();  // the last tiles are no longer needed
      if (first == 0) copy_rows(h.q, args.ldq, i0, h.queries, h.size, h.size, q_tile);
      copy_rows(h.k, args.ldk, first, h.keys, h.size, stride, k_tile);
      copy_rows(h.v, args.ldv, first, h.keys, h.size, h.size, v_tile);
      __syncthreads();
      LATHE_UNROLL
      for (int r = 0; r < kEach; ++r) {
        const float product =
            dot_product(q_tile + (warp * kEach + r) * h.size, k_tile + lane * stride, h.size);
        const float score = first + lane < h.keys ? args.scale * product : -INFINITY;
        const float now_largest = fmaxf(largest[r], warp_max(score));
        const float shrink = expf(largest[r] - now_largest), p = expf(score - now_largest);
        sum[r] = sum[r] * shrink + warp_sum(p);
        largest[r] = now_largest;
        LATHE_UNROLL
        for (float& x : context[r]) x *= shrink;
        for (int n = 0; n < kWarp; ++n) {
          const float p_of_key = __shfl_sync(kAllLanes, p, n);
          LATHE_UNROLL
          for (int c = 0; c < kLadderColumns; ++c) {
            const int column = lane + c * kWarp;
            if (column < h.size) context[r][c] += p_of_key * v_tile[n * h.size + column];
          }
        }
      }
    }
    LATHE_UNROLL
    for (int r = 0; r < kEach; ++r) {
      const int i = i0 + warp * kEach + r;
      LATHE_UNROLL
      for (int c = 0; c < kLadderColumns; ++c) {
        const int column = lane + c * kWarp;
        if (i < h.queries && column < h.size)
          h.context[i * args.ldcontext + column] = context[r][c] / sum[r];
      }
    }
  }
}

}  // namespace

void attention_3_tiles(const AttentionForwardArgs& args, Stream stream) {
  const auto size = static_cast<int>(args.head_size);
  const int bytes = (kQueries * size + kWarp * (size | 1) + kWarp * size) * int{sizeof(float)};
  allow_shared_memory(tiles_kernel, bytes, "attention");
  launch("attention", tiles_kernel, ladder_grid(args), kThreads, static_cast<std::size_t>(bytes),
         stream, args);
}

}  // namespace lathe::LATHE_CUDA
