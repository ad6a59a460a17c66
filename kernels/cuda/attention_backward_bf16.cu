// Backward on tensor cores of sequences of any length, as two kernels: one holds queries and
// streams keys past, for dq; the other holds keys and streams queries past, for dk and dv. Scores
// and dP are computed in both, 7 products instead of 5, but every block alone writes its rows, from
// registers, so that there are no atomics, no sums in memory and blocks for every tile of a long
// sequence. Short sequences are done before (attention_backward_head_bf16.cu).
#include "kernels/cuda/attention_backward_bf16.h"
#include "kernels/cuda/ops.h"

namespace lathe::LATHE_CUDA {

namespace {

// Two tiles that stay, two that stream past and statistics of a tile of queries. These have two
// places, so that the next ones come while these are worked on; of the widest heads one where a
// block cannot have the memory for more (99 KB, on GPUs of compute capability 8.6 and 8.9).
template <int kHead>
constexpr int backward_bytes(int places) {
  return (2 + 2 * places) * kTileNumbers<kHead> * 2 +
         places * static_cast<int>(sizeof(QueryStatistics<kTileRows>));
}

template <int kHead>
struct BackwardTiles {
  uint16_t* shared;
  int places;  // 1 or 2

  __device__ uint16_t* first() const { return shared; }  // that stays
  __device__ uint16_t* second() const { return shared + kTileNumbers<kHead>; }
  __device__ uint16_t* streamed_first(int tile) const {
    return shared + (2 + 2 * (tile & (places - 1))) * kTileNumbers<kHead>;
  }
  __device__ uint16_t* streamed_second(int tile) const {
    return streamed_first(tile) + kTileNumbers<kHead>;
  }
  __device__ QueryStatistics<kTileRows>& statistics(int tile) const {
    auto* all = reinterpret_cast<QueryStatistics<kTileRows>*>(shared + (2 + 2 * places) *
                                                                           kTileNumbers<kHead>);
    return all[tile & (places - 1)];
  }

  // Calls begin(tile) for each of `count` tiles as early as its place is free, and work(tile) when
  // it is there. By all threads; the first has begun already.
  template <class Begin, class Work>
  __device__ void stream(int count, const Begin& begin, const Work& work) const {
    for (int tile = 0; tile < count; ++tile) {
      wait_for_copies<0>();
      __syncthreads();
      if (places > 1) begin(tile + 1);
      work(tile);
      if (places > 1) continue;
      __syncthreads();
      begin(tile + 1);
    }
  }
};

// ---- dq[i] = scale Σ_j dscore[i, j] k[j] --------------------------------------------------------

// scores becomes dscore, where rows are queries; what dropout drops is 0 in dp.
__device__ inline void to_dscore(Scores<>& scores, const Scores<>& dp,
                                 const QueryStatistics<kTileRows>& of_rows, float keep_scale,
                                 float scale, int keys_left) {
  const int row = warp_of() * kWarpRows + lane_of() / 4;
  LATHE_UNROLL
  for (int u = 0; u < 4; ++u) {
    const float logsumexp = of_rows.logsumexp[row + u / 2 * 8], d = of_rows.d[row + u / 2 * 8];
    LATHE_UNROLL
    for (int n = 0; n < kScorePieces; ++n) {
      const bool inside = n * 8 + lane_of() % 4 * 2 + u % 2 < keys_left;
      const float p = inside ? exp2_of(scores.x[n][u] * scale - logsumexp) : 0.0f;
      scores.x[n][u] = p * (dp.x[n][u] * keep_scale - d);
    }
  }
}

// Of sequences of more than `done` rows. A block takes every gridDim.z-th tile of its queries.
template <int kHead>
__global__ void __launch_bounds__(kTensorThreads, kHead > 64 ? 2 : 3)
    query_gradient_kernel(const __grid_constant__ AttentionBackwardArgs args, Draw given,
                          bool vectors, int done, int places) {
  const BackwardBlock block = BackwardBlock::of(args, vectors);
  if (block.longest() <= done) return;
  const Draw draw = current(given);
  const BackwardTiles<kHead> tiles{dynamic_shared<uint16_t>(), places};
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
    block.load_statistics<kTileRows, kTensorThreads>(args, i0, tiles.statistics(0));
    HeadSums<kHead> dq;
    const int query = i0 + warp_row + lane_of() / 4;
    tiles.stream(count, begin_tile, [&](int tile) {
      if (i0 + warp_row >= block.queries) return;
      const int left = block.keys - tile * kTileRows, groups = groups_of(left);
      const int lane_row = warp_row + lane_of() % 16;
      Scores<> scores, dp;
      scores.multiply<kHead>(tiles.first(), lane_row, tiles.streamed_first(tile), groups);
      dp.multiply<kHead>(tiles.second(), lane_row, tiles.streamed_second(tile), groups);
      if (draw.active) {
        drop_scores(draw, tile, block.mask_row(args, query), block.mask_row(args, query + 8), dp);
      }
      to_dscore(scores, dp, tiles.statistics(0), draw.scale, args.scale * kLog2E, left);
      dq.add_product(scores, tiles.streamed_first(tile), groups);
    });
    LATHE_UNROLL
    for (int half = 0; half < 2; ++half) {
      const int64_t row = block.first_query + query + half * 8;
      Bf16* to = as<Bf16>(args.dq) + row * args.lddq + blockIdx.x * args.head_size;
      dq.store_row(half, args.scale, query + half * 8 < block.queries ? to : nullptr,
                   block.q.head_size, vectors);
    }
  }
}

// ---- dv[j] = Σ_i dropout(p)[i, j] dcontext[i],  dk[j] = scale Σ_i dscore[i, j] q[i] -------------

// Of sequences of more than `done` rows. A block takes every gridDim.z-th tile of its keys.
template <int kHead>
__global__ void __launch_bounds__(kTensorThreads, 2)
    key_gradient_kernel(const __grid_constant__ AttentionBackwardArgs args, Draw given,
                        bool vectors, int done, int places) {
  const BackwardBlock block = BackwardBlock::of(args, vectors);
  if (block.longest() <= done) return;
  const Draw draw = current(given);
  const BackwardTiles<kHead> tiles{dynamic_shared<uint16_t>(), places};
  const int count = (block.queries + kTileRows - 1) / kTileRows;
  const auto begin_tile = [&](int tile) {
    if (tile < count) {
      const int first = tile * kTileRows;
      copy_rows<kHead>(block.q, first, block.queries, tiles.streamed_first(tile));
      copy_rows<kHead>(block.dcontext, first, block.queries, tiles.streamed_second(tile));
      block.load_statistics<kTileRows, kTensorThreads>(args, first, tiles.statistics(tile));
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
    const WarpKeys rows{j0 / kTileRows, warp_of()};
    const int lane_row = rows.key_of_row(lane_of() % 16) - j0;
    tiles.stream(count, begin_tile, [&](int tile) {
      if (j0 + warp_of() * 4 >= block.keys) return;
      const uint16_t *q = tiles.streamed_first(tile), *dcontext = tiles.streamed_second(tile);
      const int groups = groups_of(block.queries - tile * kTileRows);
      Scores<> scores, dp;
      scores.multiply<kHead>(tiles.first(), lane_row, q, groups);
      dp.multiply<kHead>(tiles.second(), lane_row, dcontext, groups);
      uint32_t kept[2];
      rows.keep<kTileRows>(draw, args, block, tile * kTileRows, kept);
      to_p_and_dscore(scores, dp, tiles.statistics(tile), 0, kept, draw.scale, args.scale * kLog2E);
      dv.add_product(scores, dcontext, groups);
      dk.add_product(dp, q, groups);
    });
    LATHE_UNROLL
    for (int half = 0; half < 2; ++half) {
      const int key = rows.key_of_row(lane_of() / 4 + half * 8);
      const bool inside = key < block.keys;
      const int64_t row = block.first_key + key, column = blockIdx.x * args.head_size;
      Bf16 *to_dk = as<Bf16>(args.dk) + row * args.lddk + column,
           *to_dv = as<Bf16>(args.dv) + row * args.lddv + column;
      dk.store_row(half, args.scale, inside ? to_dk : nullptr, block.k.head_size, vectors);
      dv.store_row(half, draw.scale, inside ? to_dv : nullptr, block.k.head_size, vectors);
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
  const Draw draw = make_draw(args.dropout);
  const int done = attention_backward_of_heads(args, vectors, draw, stream);
  if (!is_longer(args, done)) return;
  const dim3 grid = attention_grid(args.heads, args.sequences);
  with_head(args.head_size, [&](auto head) {
    const int most = attribute(cudaDevAttrMaxSharedMemoryPerBlockOptin);
    const int places = backward_bytes<head>(2) <= most ? 2 : 1;
    const int bytes = backward_bytes<head>(places);
    allow_shared_memory(query_gradient_kernel<head>, bytes, op);
    allow_shared_memory(key_gradient_kernel<head>, bytes, op);
    launch(op, query_gradient_kernel<head>, grid, kTensorThreads, static_cast<std::size_t>(bytes),
           stream, args, draw, vectors, done, places);
    launch(op, key_gradient_kernel<head>, grid, kTensorThreads, static_cast<std::size_t>(bytes),
           stream, args, draw, vectors, done, places);
  });
}

}  // namespace lathe::LATHE_CUDA
