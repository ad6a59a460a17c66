// Backward of a short sequence on tensor cores: a block has a whole head, at most kRows queries and
// keys, with 16 keys a warp. Everything is read once and computed once, 5 products:
//   1. scores and dP, rows being keys, for some queries at a time. p, dropped out, is rounded as it
//      lies in registers and multiplied: dv. dscore, rounded, goes to shared memory.
//   2. dk and dq from there. A warp's 16 rows of dk ask for its own rows of dscore; of dq it has 16
//      queries, which are columns of all warps'.
// The kernel of 64 rows takes what that holds, the one of 128 rows the others; longer ones stream.
#include "kernels/cuda/attention_backward_bf16.h"

namespace lathe::LATHE_CUDA {

namespace {

template <int kHead, int kRows>
struct HeadTiles {
  static constexpr int kTile = kRows * kTileStride<kHead>;
  static constexpr int kScoreStride = kRows + 8;  // as of tiles
  static constexpr int kBytes =
      (4 * kTile + kRows * kScoreStride) * 2 + static_cast<int>(sizeof(QueryStatistics<kRows>));
  uint16_t* shared;

  __device__ uint16_t* q() const { return shared; }
  __device__ uint16_t* k() const { return shared + kTile; }
  __device__ uint16_t* v() const { return shared + 2 * kTile; }
  __device__ uint16_t* dcontext() const { return shared + 3 * kTile; }
  // [keys, queries]
  __device__ uint16_t* dscore() const { return shared + 4 * kTile; }
  __device__ QueryStatistics<kRows>& statistics() const {
    return *reinterpret_cast<QueryStatistics<kRows>*>(dscore() + kRows * kScoreStride);
  }
};

// The queries that scores are made of at a time: as many as registers hold beside dv.
constexpr int kQueries = 32;

// The warp's 16 rows of x to those of the tile dscore, columns from `first` on.
template <int kStride>
__device__ inline void store_dscore(const Scores<kQueries>& x, const WarpKeys& rows, int first,
                                    uint16_t* dscore) {
  LATHE_UNROLL
  for (int half = 0; half < 2; ++half) {
    uint16_t* row = dscore + rows.key_of_row(lane_of() / 4 + half * 8) * kStride + first;
    LATHE_UNROLL
    for (int n = 0; n < kQueries / 8; ++n) {
      *reinterpret_cast<uint32_t*>(row + n * 8 + lane_of() % 4 * 2) =
          to_bf16_pair(x.x[n][2 * half], x.x[n][2 * half + 1]);
    }
  }
}

// Blocks of a multiprocessor that registers are left for.
template <int kHead, int kRows>
constexpr int kHeadBlocks = (kHead > 64 ? 128 : 256) / kRows;

template <int kHead, int kRows>
__global__ void __launch_bounds__(2 * kRows, kHeadBlocks<kHead, kRows>)
    head_gradient_kernel(const __grid_constant__ AttentionBackwardArgs args, Draw given,
                         bool vectors) {
  using Tiles = HeadTiles<kHead, kRows>;
  constexpr int kThreads = 2 * kRows, kStride = kTileStride<kHead>;
  const BackwardBlock block = BackwardBlock::of(args, vectors);
  if (block.longest() > kRows || block.longest() <= kRows - kTileRows) return;
  const Draw draw = current(given);
  const Tiles tiles{dynamic_shared<uint16_t>()};
  copy_rows<kHead, kRows, kThreads>(block.k, 0, block.keys, tiles.k());
  copy_rows<kHead, kRows, kThreads>(block.q, 0, block.queries, tiles.q());
  copy_rows<kHead, kRows, kThreads>(block.v, 0, block.keys, tiles.v());
  copy_rows<kHead, kRows, kThreads>(block.dcontext, 0, block.queries, tiles.dcontext());
  end_copies();
  block.load_statistics<kRows, kThreads>(args, 0, tiles.statistics());
  wait_for_copies<0>();
  __syncthreads();

  const WarpKeys rows{warp_of() / 4, warp_of() % 4};
  const int lane_row = rows.key_of_row(lane_of() % 16);
  const int64_t column = blockIdx.x * args.head_size;
  // Rows of a gradient from `first` on, of which there are `count`.
  const auto store = [&](const HeadSums<kHead>& sums, float factor, const Numbers& to, int64_t ld,
                         int64_t first, int count, const auto& row_of) {
    LATHE_UNROLL
    for (int half = 0; half < 2; ++half) {
      const int row = row_of(lane_of() / 4 + half * 8);
      Bf16* at = as<Bf16>(to) + (first + row) * ld + column;
      sums.store_row(half, factor, row < count ? at : nullptr, block.q.head_size, vectors);
    }
  };
  const auto key_of_row = [&](int row) { return rows.key_of_row(row); };

  {
    HeadSums<kHead> dv;
    for (int first = 0; first < block.queries; first += kQueries) {
      const uint16_t *q = tiles.q() + first * kStride,
                     *dcontext = tiles.dcontext() + first * kStride;
      const int groups = groups_of<kQueries>(block.queries - first);
      Scores<kQueries> scores, dp;
      scores.template multiply<kHead>(tiles.k(), lane_row, q, groups);
      dp.template multiply<kHead>(tiles.v(), lane_row, dcontext, groups);
      uint32_t kept[2];
      rows.keep<kQueries>(draw, args, block, first, kept);
      to_p_and_dscore(scores, dp, tiles.statistics(), first, kept, draw.scale, args.scale * kLog2E);
      dv.add_product(scores, dcontext, groups);
      store_dscore<Tiles::kScoreStride>(dp, rows, first, tiles.dscore());
    }
    store(dv, draw.scale, args.dv, args.lddv, block.first_key, block.keys, key_of_row);
  }
  __syncthreads();
  {
    HeadSums<kHead> dk;
    for (int query = 0; query < block.queries; query += 16) {
      uint32_t dscore[4];
      load_matrices<false>(
          tiles.dscore() + lane_row * Tiles::kScoreStride + query + lane_of() / 16 * 8, dscore);
      dk.add_group(dscore, tiles.q(), query);
    }
    store(dk, args.scale, args.dk, args.lddk, block.first_key, block.keys, key_of_row);
  }
  const int first_query = warp_of() * kWarpRows;
  if (first_query >= block.queries) return;
  HeadSums<kHead> dq;
  for (int key = 0; key < block.keys; key += 16) {
    uint32_t dscore[4];
    load_fragment<false, Factor::kFirst, Tiles::kScoreStride>(tiles.dscore(), first_query, key,
                                                              dscore);
    dq.add_group(dscore, tiles.k(), key);
  }
  store(dq, args.scale, args.dq, args.lddq, block.first_query, block.queries,
        [&](int row) { return first_query + row; });
}

template <int kHead, int kRows>
void launch_kernel(const AttentionBackwardArgs& args, bool vectors, const Draw& draw,
                   Stream stream) {
  const char* op = "attention_backward";
  constexpr int kBytes = HeadTiles<kHead, kRows>::kBytes;
  const dim3 grid(static_cast<unsigned>(args.heads), static_cast<unsigned>(args.sequences));
  allow_shared_memory(head_gradient_kernel<kHead, kRows>, kBytes, op);
  launch(op, head_gradient_kernel<kHead, kRows>, grid, 2 * kRows, kBytes, stream, args, draw,
         vectors);
}

}  // namespace

int attention_backward_of_heads(const AttentionBackwardArgs& args, bool vectors, const Draw& draw,
                                Stream stream) {
  const int most = attribute(cudaDevAttrMaxSharedMemoryPerBlockOptin);
  int done = 0;
  with_head(args.head_size, [&](auto head) {
    const auto go_on_to = [&](auto rows) {
      if (HeadTiles<head, rows>::kBytes > most) return;
      if (is_longer(args, done)) launch_kernel<head, rows>(args, vectors, draw, stream);
      done = rows;
    };
    go_on_to(std::integral_constant<int, 64>());
    go_on_to(std::integral_constant<int, 128>());
  });
  return done;
}

}  // namespace lathe::LATHE_CUDA
