// What the kernels of attention's backward share where numbers are bfloat16s: two that stream tiles
// past (attention_backward_bf16.cu), and one that has a whole head of a short sequence in a block
// (attention_backward_head_bf16.cu).
#pragma once

#include "kernels/cuda/attention_bf16.h"

namespace lathe::LATHE_CUDA {

// Of each of kRows queries what backward needs: logsumexp in units of log 2, infinite where there
// is no query (its p is then 0), and D = dcontext · context.
template <int kRows>
struct QueryStatistics {
  alignas(8) float logsumexp[kRows];
  alignas(8) float d[kRows];
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
  __device__ int longest() const { return keys > queries ? keys : queries; }
  __device__ uint32_t mask_row(const AttentionBackwardArgs& args, int query) const {
    return static_cast<uint32_t>((first_query + query) * args.heads + blockIdx.x);
  }

  // Of the kRows queries from `first` on. By kThreads threads, all of the block.
  template <int kRows, int kThreads>
  __device__ void load_statistics(const AttentionBackwardArgs& args, int first,
                                  QueryStatistics<kRows>& to) const {
    constexpr int kLanes = 8;  // of a row
    const int part = static_cast<int>(threadIdx.x) % kLanes;
    for (int row = static_cast<int>(threadIdx.x) / kLanes; row < kRows; row += kThreads / kLanes) {
      const bool inside = first + row < queries;
      float d = 0;
      for (int column = part * 8; inside && column < context.head_size; column += kLanes * 8) {
        const Bf16* a = context.data + (first + row) * context.ld + column;
        const Bf16* b = dcontext.data + (first + row) * dcontext.ld + column;
        float x[8] = {}, y[8] = {};
        if (context.vectors && dcontext.vectors) {
          load_eight(a, x), load_eight(b, y);
        } else {
          for (int u = 0; u < minimum(8, context.head_size - column); ++u) {
            x[u] = to_float(a[u]), y[u] = to_float(b[u]);
          }
        }
        LATHE_UNROLL
        for (int u = 0; u < 8; ++u) d += x[u] * y[u];
      }
      d = warp_sum<kLanes>(d);
      if (part != 0) continue;
      to.d[row] = d;
      to.logsumexp[row] =
          inside ? args.logsumexp[(first_query + first + row) * args.heads + blockIdx.x] * kLog2E
                 : INFINITY;
    }
  }
};

// Where rows of scores are keys, a warp's 16 rows are not neighbours: row r is key 16 (r / 4) + 4
// warp + r % 4 of a tile of 64, so that a lane and the one 16 further have between them, for every
// query, the four keys that one draw decides about.
struct WarpKeys {
  int tile, warp;  // of the sequence's tiles; of the four that share it

  __device__ int key_of_row(int row) const {
    return tile * kTileRows + row / 4 * 16 + warp * 4 + row % 4;
  }

  // Which of the lane's scores are kept: four bits for each of the queries of the lane's columns,
  // those of x[n][u] with u % 2 == e at n of kept[e], from query `first` on. The two lanes draw for
  // half of the queries each.
  template <int kColumns>
  __device__ void keep(const Draw& draw, const AttentionBackwardArgs& args,
                       const BackwardBlock& block, int first, uint32_t (&kept)[2]) const {
    kept[0] = kept[1] = ~0u;
    if (!draw.active) return;
    const int mine = lane_of() / 16;
    const auto counter = static_cast<uint32_t>(tile * 16 + warp * 4 + lane_of() / 4 % 4);
    uint32_t drawn = 0;
    LATHE_UNROLL
    for (int n = 0; n < kColumns / 8; ++n) {
      const int query = first + n * 8 + lane_of() % 4 * 2 + mine;
      const PhiloxWords words =
          philox(draw.seed, counter, block.mask_row(args, query), draw.site, draw.step);
      LATHE_UNROLL
      for (int w = 0; w < kQuad; ++w) {
        const uint32_t word = words.word[w];  // GCC 12 loses w where it checks index and shift
        if (word >= draw.threshold) drawn |= 1u << (n * 4 + w);
      }
    }
    const uint32_t other = __shfl_xor_sync(kAllLanes, drawn, 16);
    kept[0] = mine == 0 ? drawn : other;
    kept[1] = mine == 0 ? other : drawn;
  }
};

// scores becomes dropout(p), before it is scaled, and dp dscore, where rows are keys and columns
// the queries whose statistics those are from `first` on.
template <int kColumns, int kRows>
__device__ inline void to_p_and_dscore(Scores<kColumns>& scores, Scores<kColumns>& dp,
                                       const QueryStatistics<kRows>& of_columns, int first,
                                       const uint32_t (&kept)[2], float keep_scale, float scale) {
  // Which bits of a query's four are those of the lane's two keys.
  const uint32_t mine[2] = {kept[0] >> lane_of() / 16, kept[1] >> lane_of() / 16};
  LATHE_UNROLL
  for (int n = 0; n < kColumns / 8; ++n) {
    const int column = first + n * 8 + lane_of() % 4 * 2;
    const Vector<2> logsumexp = load_vector<2>(of_columns.logsumexp + column);
    const Vector<2> d = load_vector<2>(of_columns.d + column);
    LATHE_UNROLL
    for (int u = 0; u < 4; ++u) {
      const int e = u % 2, half = u / 2;
      float &score = scores.x[n][u], &gradient = dp.x[n][u];
      const bool keeps = (mine[e] & 1u << (n * 4 + half * 2)) != 0;
      const float p = exp2_of(score * scale - logsumexp.x[e]);
      gradient = p * ((keeps ? gradient : 0.0f) * keep_scale - d.x[e]);
      score = keeps ? p : 0.0f;
    }
  }
}

// Whether there may be a sequence of more rows.
inline bool is_longer(const AttentionBackwardArgs& args, int rows) {
  return args.longest == 0 || args.longest > rows;
}

// The sequences of at most so many queries and keys as it returns, a block a head: 128, or 64 or 0
// where a head of that size takes more shared memory than this GPU gives a block.
int attention_backward_of_heads(const AttentionBackwardArgs& args, bool vectors, const Draw& draw,
                                Stream stream);

}  // namespace lathe::LATHE_CUDA
