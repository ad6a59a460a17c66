// Forward on tensor cores: each warp holds 16 queries' scores, maxima, sums and contexts, and tiles
// of 64 keys stream past (online softmax: Milakov, Gimelshein 2018; Dao, "FlashAttention-2", 2023).
// While a tile is worked on, the next is on its way to shared memory.
#include "kernels/cuda/attention_bf16.h"
#include "kernels/cuda/ops.h"

namespace lathe::LATHE_CUDA {

namespace {

// A tile of queries, and of keys and of values two each.
template <int kHead>
constexpr int kForwardBytes = 5 * kTileNumbers<kHead> * 2;

// The softmax of the lane's two rows as far as their keys have been seen.
struct OnlineSoftmax {
  float largest[2] = {-INFINITY, -INFINITY}, sum[2] = {};

  // Scores of keys of which `left` are there become exp2(scale (score - largest)); the factors are
  // what earlier sums must shrink by.
  __device__ void take(Scores<>& scores, float scale, int left, float (&shrink)[2]) {
    if (left < kTileRows) {
      LATHE_UNROLL
      for (int n = 0; n < kScorePieces; ++n) {
        LATHE_UNROLL
        for (int u = 0; u < 4; ++u) {
          if (n * 8 + lane_of() % 4 * 2 + u % 2 >= left) scores.x[n][u] = -INFINITY;
        }
      }
    }
    LATHE_UNROLL
    for (int half = 0; half < 2; ++half) {
      float now_largest = largest[half];
      LATHE_UNROLL
      for (const auto& piece : scores.x) {
        now_largest = fmaxf(now_largest, fmaxf(piece[2 * half], piece[2 * half + 1]));
      }
      now_largest = warp_max<4>(now_largest);
      shrink[half] = exp2_of((largest[half] - now_largest) * scale);
      largest[half] = now_largest;
      const float offset = now_largest * scale;
      float tile_sum = 0;
      LATHE_UNROLL
      for (auto& piece : scores.x) {
        LATHE_UNROLL
        for (int e = 0; e < 2; ++e) {
          float& score = piece[2 * half + e];
          tile_sum += score = exp2_of(score * scale - offset);
        }
      }
      sum[half] = sum[half] * shrink[half] + warp_sum<4>(tile_sum);
    }
  }
};

// A block takes a head of a sequence, and of its queries every gridDim.z-th tile.
template <int kHead>
__global__ void __launch_bounds__(kTensorThreads, kHead > 64 ? 2 : 4)
    forward_kernel(const __grid_constant__ AttentionForwardArgs args, Draw given, bool vectors) {
  const Draw draw = current(given);
  auto* q_tile = dynamic_shared<uint16_t>();
  uint16_t* k_tiles = q_tile + kTileNumbers<kHead>;
  uint16_t* v_tiles = k_tiles + 2 * kTileNumbers<kHead>;
  const int64_t head = blockIdx.x, sequence = blockIdx.y;
  const int64_t first_key = args.offsets[sequence], first_query = args.query_offsets[sequence];
  const int keys = static_cast<int>(args.offsets[sequence + 1] - first_key);
  const int queries = static_cast<int>(args.query_offsets[sequence + 1] - first_query);
  const int head_size = static_cast<int>(args.head_size);
  const HeadMatrix q = head_matrix(args.q, args.ldq, first_query, head_size, vectors);
  const HeadMatrix k = head_matrix(args.k, args.ldk, first_key, head_size, vectors);
  const HeadMatrix v = head_matrix(args.v, args.ldv, first_key, head_size, vectors);
  const int tiles = (keys + kTileRows - 1) / kTileRows;
  const int warp_row = warp_of() * kWarpRows;
  const auto begin_tile = [&](int tile) {
    if (tile < tiles) {
      const int place = tile % 2 * kTileNumbers<kHead>;
      copy_rows<kHead>(k, tile * kTileRows, keys, k_tiles + place);
      copy_rows<kHead>(v, tile * kTileRows, keys, v_tiles + place);
    }
    end_copies();
  };

  for (int i0 = static_cast<int>(blockIdx.z) * kTileRows; i0 < queries;
       i0 += static_cast<int>(gridDim.z) * kTileRows) {
    __syncthreads();  // the last tiles are no longer needed
    copy_rows<kHead>(q, i0, queries, q_tile);
    begin_tile(0);
    HeadSums<kHead> context;
    OnlineSoftmax softmax;
    const int64_t first_row = first_query + i0 + warp_row + lane_of() / 4;  // the second: 8 further
    for (int tile = 0; tile < tiles; ++tile) {
      wait_for_copies<0>();
      __syncthreads();
      begin_tile(tile + 1);
      if (i0 + warp_row >= queries) continue;
      const int place = tile % 2 * kTileNumbers<kHead>, left = keys - tile * kTileRows;
      Scores<> scores;
      scores.multiply<kHead>(q_tile, warp_row + lane_of() % 16, k_tiles + place, groups_of(left));
      float shrink[2];
      softmax.take(scores, args.scale * kLog2E, left, shrink);
      if (draw.active) {
        drop_scores(draw, tile, static_cast<uint32_t>(first_row * args.heads + head),
                    static_cast<uint32_t>((first_row + 8) * args.heads + head), scores);
      }
      if (tile > 0) {
        LATHE_UNROLL
        for (auto& piece : context.x) {
          LATHE_UNROLL
          for (int u = 0; u < 4; ++u) piece[u] *= shrink[u / 2];
        }
      }
      context.add_product(scores, v_tiles + place, groups_of(left));
    }
    LATHE_UNROLL
    for (int half = 0; half < 2; ++half) {
      const int64_t row = first_row + half * 8;
      const bool inside = row < first_query + queries;
      Bf16* to = as<Bf16>(args.context) + row * args.ldcontext + head * head_size;
      context.store_row(half, draw.scale / softmax.sum[half], inside ? to : nullptr, head_size,
                        vectors);
      if (!inside) continue;
      if (args.logsumexp != nullptr && lane_of() % 4 == 0) {
        args.logsumexp[row * args.heads + head] =
            softmax.largest[half] * args.scale + logf(softmax.sum[half]);
      }
    }
  }
}

}  // namespace

void attention_forward_bf16(const AttentionForwardArgs& args, Stream stream) {
  const bool vectors =
      pieces_are_aligned(args.head_size, {args.q.data, args.k.data, args.v.data, args.context.data},
                         {args.ldq, args.ldk, args.ldv, args.ldcontext});
  with_head(args.head_size, [&](auto head) {
    allow_shared_memory(forward_kernel<head>, kForwardBytes<head>, "attention_forward");
    launch("attention_forward", forward_kernel<head>, attention_grid(args.heads, args.sequences),
           kTensorThreads, kForwardBytes<head>, stream, args, make_draw(args.dropout), vectors);
  });
}

}  // namespace lathe::LATHE_CUDA
