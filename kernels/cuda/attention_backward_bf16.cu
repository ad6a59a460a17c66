// Backward on tensor cores, as two kernels: one holds queries and streams keys past, for dq; the
// other holds keys and streams queries past, for dk and dv. Scores and dP are computed in both, 7
// products instead of 5, but every block alone writes its rows, from registers, so that there are
// no atomics, no sums in memory and blocks for every tile of a long sequence.
#include "kernels/cuda/attention_bf16.h"
#include "kernels/cuda/ops.h"

namespace lathe::LATHE_CUDA {

namespace {

// Two tiles that stay, twice two that stream past, and statistics of two tiles of queries.
template <int kHead>
constexpr int kBackwardBytes = 6 * kTileNumbers<kHead> * 2 +
                               2 * static_cast<int>(sizeof(QueryStatistics));

template <int kHead>
struct BackwardTiles {
  uint16_t* shared;

  __device__ uint16_t* first() const { return shared; }  // that stays
  __device__ uint16_t* second() const { return shared + kTileNumbers<kHead>; }
  __device__ uint16_t* streamed_first(int tile) const {
    return shared + (2 + tile % 2) * kTileNumbers<kHead>;
  }
  __device__ uint16_t* streamed_second(int tile) const {
    return shared + (4 + tile % 2) * kTileNumbers<kHead>;
  }
  __device__ QueryStatistics& statistics(int tile) const {
    return reinterpret_cast<QueryStatistics*>(shared + 6 * kTileNumbers<kHead>)[tile % 2];
  }
};

// What a block works on: the head blockIdx.x of the sequence blockIdx.y.
struct BackwardBlock {
  int64_t first_key, first_query;
  int keys, queries;
  HeadMatrix q, k, v, context, dcontext;

  __device__ static BackwardBlock of(const AttentionBackwardArgs& args, bool vectors) {
    BackwardBlock b{};
    b.first_key = args.offsets[blockIdx.y], b.first_query = args.query_offsets[blockIdx.y];
    b.keys = static_cast<int>(args.offsets[blockIdx.y + 1] - b.first_key);
    b.queries = static_cast<int>(args.query_offsets[blockIdx.y + 1] - b.first_query);
    b.q = head_matrix(args.q, args.ldq, b.first_query, args.head_size, vectors);
    b.k = head_matrix(args.k, args.ldk, b.first_key, args.head_size, vectors);
    b.v = head_matrix(args.v, args.ldv, b.first_key, args.head_size, vectors);
    b.context = head_matrix(args.context, args.ldcontext, b.first_query, args.head_size, vectors);
    b.dcontext = head_matrix(args.dcontext, args.ldcontext, b.first_query, args.head_size, vectors);
    return b;
  }
  __device__ uint32_t mask_row(const AttentionBackwardArgs& args, int query) const {
    return static_cast<uint32_t>((first_query + query) * args.heads + blockIdx.x);
  }
};

// ---- dq[i] = scale Σ_j dscore[i, j] k[j] --------------------------------------------------------

// scores becomes dscore, where rows are queries.
__device__ inline void to_dscore(Scores& scores, const Scores& dp, const QueryStatistics& of_rows,
                                 const Draw& draw, uint32_t kept, float scale, int keys_left) {
  const int row = warp_of() * kWarpRows + lane_of() / 4;
  LATHE_UNROLL
  for (int u = 0; u < 4; ++u) {
    const float logsumexp = of_rows.logsumexp[row + u / 2 * 8], d = of_rows.d[row + u / 2 * 8];
    LATHE_UNROLL
    for (int n = 0; n < kScorePieces; ++n) {
      const bool inside = n * 8 + lane_of() % 4 * 2 + u % 2 < keys_left;
      const float p = inside ? exp2f(scores.x[n][u] * scale - logsumexp) : 0.0f;
      const float factor = draw.active ? keep_factor(draw, kept, n, u) : 1.0f;
      scores.x[n][u] = p * (dp.x[n][u] * factor - d);
    }
  }
}

// A block takes every gridDim.z-th tile of its queries.
template <int kHead>
__global__ void __launch_bounds__(kTensorThreads, kHead > 64 ? 2 : 3)
    query_gradient_kernel(const __grid_constant__ AttentionBackwardArgs args, Draw given,
                          bool vectors) {
  const Draw draw = current(given);
  const BackwardTiles<kHead> tiles{dynamic_shared<uint16_t>()};
  const BackwardBlock block = BackwardBlock::of(args, vectors);
  const int count = (block.keys + kTileRows - 1) / kTileRows, warp_row = warp_of() * kWarpRows;
  const auto begin_tile = [&](int tile) {
    if (tile < count) {
      copy_rows<kHead>(block.k, tile * kTileRows, block.keys, tiles.streamed_first(tile));
      copy_rows<kHead>(block.v, tile * kTileRows, block.keys, tiles.streamed_second(tile));
    }
    end_copies();
  };
  for (int i0 = static_cast<int>(blockIdx.z) * kTileRows; i0 < block.queries;
       i0 += static_cast<int>(gridDim.z) * kTileRows) {
    __syncthreads();  // the last tiles are no longer needed
    copy_rows<kHead>(block.q, i0, block.queries, tiles.first());
    copy_rows<kHead>(block.dcontext, i0, block.queries, tiles.second());
    begin_tile(0);
    load_statistics(args, block.context, block.dcontext, block.first_query, i0, block.queries,
                    tiles.statistics(0));
    HeadSums<kHead> dq;
    const int query = i0 + warp_row + lane_of() / 4;
    for (int tile = 0; tile < count; ++tile) {
      wait_for_copies<0>();
      __syncthreads();
      begin_tile(tile + 1);
      if (i0 + warp_row >= block.queries) continue;
      const int left = block.keys - tile * kTileRows, groups = groups_of(left);
      const int lane_row = warp_row + lane_of() % 16;
      Scores scores, dp;
      scores.multiply<kHead>(tiles.first(), lane_row, tiles.streamed_first(tile), groups);
      dp.multiply<kHead>(tiles.second(), lane_row, tiles.streamed_second(tile), groups);
      const uint32_t kept =
          keep_of_queries(draw, tile, block.mask_row(args, query), block.mask_row(args, query + 8));
      to_dscore(scores, dp, tiles.statistics(0), draw, kept, args.scale * kLog2E, left);
      dq.add_product(scores, tiles.streamed_first(tile), groups);
    }
    LATHE_UNROLL
    for (int half = 0; half < 2; ++half) {
      if (query + half * 8 >= block.queries) continue;
      const int64_t row = block.first_query + query + half * 8;
      dq.store_row(half, args.scale,
                   as<Bf16>(args.dq) + row * args.lddq + blockIdx.x * args.head_size,
                   block.q.head_size, vectors);
    }
  }
}

// ---- dv[j] = Σ_i dropout(p)[i, j] dcontext[i],  dk[j] = scale Σ_i dscore[i, j] q[i] -------------

// Where rows are keys, a warp's 16 rows are not neighbours: row r is key 16 (r / 4) + 4 warp + r %
// 4 of the tile, so that a lane and the one 16 further have between them, for every query, the four
// keys that one draw decides about.
__device__ inline int key_of_row(int row) { return row / 4 * 16 + warp_of() * 4 + row % 4; }

// Which of the lane's scores are kept: four bits for each of the 16 queries of the lane's columns,
// those of x[n][u] with u % 2 == e at n of kept[e]. The two lanes draw for 8 queries each.
__device__ inline void keep_of_keys(const Draw& draw, int tile, const AttentionBackwardArgs& args,
                                    const BackwardBlock& block, int first, uint32_t (&kept)[2]) {
  kept[0] = kept[1] = ~0u;
  if (!draw.active) return;
  const int mine = lane_of() / 16;
  const auto counter = static_cast<uint32_t>(tile * 16 + warp_of() * 4 + lane_of() / 4 % 4);
  uint32_t drawn = 0;
  LATHE_UNROLL
  for (int n = 0; n < kScorePieces; ++n) {
    const int query = first + n * 8 + lane_of() % 4 * 2 + mine;
    const PhiloxWords words =
        philox(draw.seed, counter, block.mask_row(args, query), draw.site, draw.step);
    LATHE_UNROLL
    for (int w = 0; w < kQuad; ++w) {
      const uint32_t word = words.word[w];  // as keep_of_queries()
      if (word >= draw.threshold) drawn |= 1u << (n * 4 + w);
    }
  }
  const uint32_t other = __shfl_xor_sync(kAllLanes, drawn, 16);
  kept[0] = mine == 0 ? drawn : other;
  kept[1] = mine == 0 ? other : drawn;
}

// scores becomes dropout(p) and dp dscore, where rows are keys.
__device__ inline void to_p_and_dscore(Scores& scores, Scores& dp,
                                       const QueryStatistics& of_columns, const Draw& draw,
                                       const uint32_t (&kept)[2], float scale) {
  LATHE_UNROLL
  for (int n = 0; n < kScorePieces; ++n) {
    LATHE_UNROLL
    for (int e = 0; e < 2; ++e) {
      const int column = n * 8 + lane_of() % 4 * 2 + e;
      const float logsumexp = of_columns.logsumexp[column], d = of_columns.d[column];
      LATHE_UNROLL
      for (int half = 0; half < 2; ++half) {
        const int word = n * 4 + lane_of() / 16 + half * 2;  // of the key's group of 16
        const bool keeps = (kept[e] >> word & 1u) != 0;
        const float factor = draw.active ? (keeps ? draw.scale : 0.0f) : 1.0f;
        const float p = exp2f(scores.x[n][2 * half + e] * scale - logsumexp);
        dp.x[n][2 * half + e] = p * (dp.x[n][2 * half + e] * factor - d);
        scores.x[n][2 * half + e] = p * factor;
      }
    }
  }
}

// A block takes every gridDim.z-th tile of its keys.
template <int kHead>
__global__ void __launch_bounds__(kTensorThreads, 2)
    key_gradient_kernel(const __grid_constant__ AttentionBackwardArgs args, Draw given,
                        bool vectors) {
  const Draw draw = current(given);
  const BackwardTiles<kHead> tiles{dynamic_shared<uint16_t>()};
  const BackwardBlock block = BackwardBlock::of(args, vectors);
  const int count = (block.queries + kTileRows - 1) / kTileRows;
  const auto begin_tile = [&](int tile) {
    if (tile < count) {
      const int first = tile * kTileRows;
      copy_rows<kHead>(block.q, first, block.queries, tiles.streamed_first(tile));
      copy_rows<kHead>(block.dcontext, first, block.queries, tiles.streamed_second(tile));
      load_statistics(args, block.context, block.dcontext, block.first_query, first, block.queries,
                      tiles.statistics(tile));
    }
    end_copies();
  };
  for (int j0 = static_cast<int>(blockIdx.z) * kTileRows; j0 < block.keys;
       j0 += static_cast<int>(gridDim.z) * kTileRows) {
    __syncthreads();  // the last tiles are no longer needed
    copy_rows<kHead>(block.k, j0, block.keys, tiles.first());
    copy_rows<kHead>(block.v, j0, block.keys, tiles.second());
    begin_tile(0);
    HeadSums<kHead> dk, dv;
    for (int tile = 0; tile < count; ++tile) {
      wait_for_copies<0>();
      __syncthreads();
      begin_tile(tile + 1);
      if (j0 + warp_of() * 4 >= block.keys) continue;
      const uint16_t *q = tiles.streamed_first(tile), *dcontext = tiles.streamed_second(tile);
      const int groups = groups_of(block.queries - tile * kTileRows);
      const int lane_row = key_of_row(lane_of() % 16);
      Scores scores, dp;
      scores.multiply<kHead>(tiles.first(), lane_row, q, groups);
      dp.multiply<kHead>(tiles.second(), lane_row, dcontext, groups);
      uint32_t kept[2];
      keep_of_keys(draw, j0 / kTileRows, args, block, tile * kTileRows, kept);
      to_p_and_dscore(scores, dp, tiles.statistics(tile), draw, kept, args.scale * kLog2E);
      dv.add_product(scores, dcontext, groups);
      dk.add_product(dp, q, groups);
    }
    LATHE_UNROLL
    for (int half = 0; half < 2; ++half) {
      const int key = j0 + key_of_row(lane_of() / 4 + half * 8);
      if (key >= block.keys) continue;
      const int64_t row = block.first_key + key, column = blockIdx.x * args.head_size;
      dk.store_row(half, args.scale, as<Bf16>(args.dk) + row * args.lddk + column,
                   block.k.head_size, vectors);
      dv.store_row(half, 1.0f, as<Bf16>(args.dv) + row * args.lddv + column, block.k.head_size,
                   vectors);
    }
  }
}

}  // namespace

void attention_backward_bf16(const AttentionBackwardArgs& args, Stream stream) {
  const char* op = "attention_backward";
  const bool vectors = pieces_are_aligned(
      args.head_size,
      {args.q.data, args.k.data, args.v.data, args.context.data, args.dcontext.data, args.dq.data,
       args.dk.data, args.dv.data},
      {args.ldq, args.ldk, args.ldv, args.ldcontext, args.lddq, args.lddk, args.lddv});
  const dim3 grid = attention_grid(args.heads, args.sequences);
  const Draw draw = make_draw(args.dropout);
  with_head(args.head_size, [&](auto head) {
    constexpr int kBytes = kBackwardBytes<head>;
    allow_shared_memory(query_gradient_kernel<head>, kBytes, op);
    allow_shared_memory(key_gradient_kernel<head>, kBytes, op);
    launch(op, query_gradient_kernel<head>, grid, kTensorThreads, kBytes, stream, args, draw,
           vectors);
    launch(op, key_gradient_kernel<head>, grid, kTensorThreads, kBytes, stream, args, draw,
           vectors);
  });
}

}  // namespace lathe::LATHE_CUDA
