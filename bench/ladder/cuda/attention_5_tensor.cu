// Step 5: tensor cores, of bfloat16s. A block has 64 queries, 16 a warp, and tiles of 64 keys pass;
// both products are mma's. Softmax is kept in registers as mma leaves the scores: four lanes share
// two rows. p is rounded and goes through shared memory, to be read by ldmatrix as the first factor
// of the second product. What is lost: a tile is waited for as soon as it is asked for.
#include "bench/ladder/cuda/steps.h"
#include "kernels/cuda/attention_bf16.h"

namespace lathe::LATHE_CUDA {
namespace {

constexpr int kScoresStride = kTileRows + 8;  // ldmatrix' eight rows in different banks
template <int kHead>
constexpr int kBytes = (3 * kTileNumbers<kHead> + kTileRows * kScoresStride) * 2;

// The softmax of the lane's two rows (lane / 4 and 8 further) as far as keys have passed.
struct TwoRows {
  float largest[2] = {-INFINITY, -INFINITY}, sum[2] = {};

  // Scores of keys of which `left` are there become exp(score - largest); returns in `shrink` what
  // earlier sums are multiplied by.
  __device__ void take(Scores<>& scores, float scale, int left, float (&shrink)[2]) {
    LATHE_UNROLL
    for (int half = 0; half < 2; ++half) {
      float now_largest = largest[half], tile_sum = 0;
      LATHE_UNROLL
      for (int at = 0; at < 2 * kScorePieces; ++at) {
        float& score = scores.x[at / 2][2 * half + at % 2];
        score = at / 2 * 8 + lane_of() % 4 * 2 + at % 2 < left ? score * scale : -INFINITY;
        now_largest = fmaxf(now_largest, score);
      }
      now_largest = warp_max<4>(now_largest);
      LATHE_UNROLL
      for (int at = 0; at < 2 * kScorePieces; ++at) {
        float& score = scores.x[at / 2][2 * half + at % 2];
        tile_sum += score = expf(score - now_largest);
      }
      shrink[half] = expf(largest[half] - now_largest);
      sum[half] = sum[half] * shrink[half] + warp_sum<4>(tile_sum);
      largest[half] = now_largest;
    }
  }
};

__device__ inline void store_scores(const Scores<>& scores, uint16_t* p_tile) {
  const int row = warp_of() * kWarpRows + lane_of() / 4;
  LATHE_UNROLL
  for (int at = 0; at < 2 * kScorePieces; ++at) {
    const int n = at / 2, half = at % 2;
    *reinterpret_cast<uint32_t*>(p_tile + (row + 8 * half) * kScoresStride + n * 8 +
                                 lane_of() % 4 * 2) =
        to_bf16_pair(scores.x[n][2 * half], scores.x[n][2 * half + 1]);
  }
}

// context += p v, of the warp's 16 rows of p.
template <int kHead>
__device__ inline void add_product(const uint16_t* p_tile, const uint16_t* v_tile,
                                   HeadSums<kHead>& context) {
  const uint16_t* row = p_tile + (warp_of() * kWarpRows + lane_of() % 16) * kScoresStride;
  LATHE_UNROLL
  for (int j = 0; j < kTileRows; j += 16) {
    uint32_t rows[4], columns[4];
    load_matrices<false>(row + j + lane_of() / 16 * 8, rows);
    LATHE_UNROLL
    for (int n = 0; n < kHead / 16; ++n) {
      load_fragment<false, Factor::kSecond, kTileStride<kHead>>(v_tile, n * 16, j, columns);
      multiply_add(rows, columns[0], columns[1], context.x[2 * n]);
      multiply_add(rows, columns[2], columns[3], context.x[2 * n + 1]);
    }
  }
}

template <int kHead>
__global__ void __launch_bounds__(kTensorThreads)
    tensor_kernel(const __grid_constant__ AttentionForwardArgs args, bool vectors) {
  auto* q_tile = dynamic_shared<uint16_t>();
  uint16_t* k_tile = q_tile + kTileNumbers<kHead>;
  uint16_t* v_tile = k_tile + kTileNumbers<kHead>;
  uint16_t* p_tile = v_tile + kTileNumbers<kHead>;
  const int64_t first_key = args.offsets[blockIdx.y], first_query = args.query_offsets[blockIdx.y];
  const int keys = static_cast<int>(args.offsets[blockIdx.y + 1] - first_key);
  const int queries = static_cast<int>(args.query_offsets[blockIdx.y + 1] - first_query);
  const HeadMatrix q = head_matrix(args.q, args.ldq, first_query, args.head_size, vectors);
  const HeadMatrix k = head_matrix(args.k, args.ldk, first_key, args.head_size, vectors);
  const HeadMatrix v = head_matrix(args.v, args.ldv, first_key, args.head_size, vectors);

  for (int i0 = static_cast<int>(blockIdx.z) * kTileRows; i0 < queries;
       i0 += static_cast<int>(gridDim.z) * kTileRows) {
    HeadSums<kHead> context;
    TwoRows softmax;
    for (int first = 0; first < keys; first += kTileRows) {
      __syncthreads();  // the last tiles are no longer needed
      if (first == 0) copy_rows<kHead>(q, i0, queries, q_tile);
      copy_rows<kHead>(k, first, keys, k_tile);
      copy_rows<kHead>(v, first, keys, v_tile);
      end_copies();
      wait_for_copies<0>();
      __syncthreads();
      Scores<> scores;
      scores.multiply<kHead>(q_tile, warp_of() * kWarpRows + lane_of() % 16, k_tile,
                             kTileRows / 16);
      float shrink[2];
      softmax.take(scores, args.scale, keys - first, shrink);
      store_scores(scores, p_tile);
      __syncwarp();  // a warp reads the rows that it wrote
      LATHE_UNROLL
      for (auto& piece : context.x) {
        LATHE_UNROLL
        for (int u = 0; u < 4; ++u) piece[u] *= shrink[u / 2];
      }
      add_product<kHead>(p_tile, v_tile, context);
    }
    LATHE_UNROLL
    for (int half = 0; half < 2; ++half) {
      const int i = i0 + warp_of() * kWarpRows + lane_of() / 4 + half * 8;
      Bf16* to =
          as<Bf16>(args.context) + (first_query + i) * args.ldcontext + blockIdx.x * args.head_size;
      context.store_row(half, 1.0f / softmax.sum[half], i < queries ? to : nullptr,
                        static_cast<int>(args.head_size), vectors);
    }
  }
}

}  // namespace

void attention_5_tensor(const AttentionForwardArgs& args, Stream stream) {
  const bool vectors =
      pieces_are_aligned(args.head_size, {args.q.data, args.k.data, args.v.data, args.context.data},
                         {args.ldq, args.ldk, args.ldv, args.ldcontext});
  with_head(args.head_size, [&](auto head) {
    allow_shared_memory(tensor_kernel<head>, kBytes<head>, "attention");
    launch("attention", tensor_kernel<head>, attention_grid(args.heads, args.sequences),
           kTensorThreads, kBytes<head>, stream, args, vectors);
  });
}

}  // namespace lathe::LATHE_CUDA
