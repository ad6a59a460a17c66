// Forward: softmax kept up tile by tile (Milakov, Gimelshein 2018; Dao et al., "FlashAttention",
// 2022), so that a sequence of any length needs the shared memory of one tile and no matrix of
// scores is ever written.
#include "base/error.h"
#include "kernels/cuda/attention.h"
#include "kernels/cuda/ops.h"

namespace lathe::LATHE_CUDA {

namespace {

constexpr int kRowsEach = 4;  // queries of a thread
constexpr int kQueries = 16 * kRowsEach;

template <int kHead>
constexpr int kForwardFloats = (kQueries + 2 * kKeys) * kRowStride<kHead> + kQueries* kScoreStride;

// A block takes a head of a sequence, and of its queries every gridDim.z-th tile.
template <int kHead>
__global__ void __launch_bounds__(kAttentionThreads, kAttentionBlocks<kHead>)
    forward_kernel(AttentionForwardArgs args, Draw given) {
  const Draw draw = current(given);
  float* q = dynamic_shared<float>();
  float* k = q + kQueries * kRowStride<kHead>;
  float* v = k + kKeys * kRowStride<kHead>;
  float* p = v + kKeys * kRowStride<kHead>;

  const int64_t head = blockIdx.x, sequence = blockIdx.y;
  const int64_t first_key = args.offsets[sequence], first_query = args.query_offsets[sequence];
  const int keys = static_cast<int>(args.offsets[sequence + 1] - first_key);
  const int queries = static_cast<int>(args.query_offsets[sequence + 1] - first_query);
  const int head_size = static_cast<int>(args.head_size);
  const int64_t head_column = head * args.head_size;
  const int across = static_cast<int>(threadIdx.x) % 16, down = static_cast<int>(threadIdx.x) / 16;

  for (int i0 = static_cast<int>(blockIdx.z) * kQueries; i0 < queries;
       i0 += static_cast<int>(gridDim.z) * kQueries) {
    HeadRows<kHead, kRowsEach> context;
    float largest[kRowsEach], sum[kRowsEach];
    LATHE_UNROLL
    for (int r = 0; r < kRowsEach; ++r) largest[r] = -INFINITY, sum[r] = 0.0f;
    __syncthreads();  // the last tile's rows are no longer needed
    load_rows<kHead, kQueries>(as<float>(args.q) + (first_query + i0) * args.ldq + head_column,
                               args.ldq, queries - i0, head_size, q);

    for (int j0 = 0; j0 < keys; j0 += kKeys) {
      if (j0 > 0) __syncthreads();
      load_rows<kHead, kKeys>(as<float>(args.k) + (first_key + j0) * args.ldk + head_column,
                              args.ldk, keys - j0, head_size, k);
      load_rows<kHead, kKeys>(as<float>(args.v) + (first_key + j0) * args.ldv + head_column,
                              args.ldv, keys - j0, head_size, v);
      __syncthreads();
      float score[kRowsEach][kKeysEach];
      multiply_rows<kHead, kRowsEach>(q, k, down, across, score);
      LATHE_UNROLL
      for (int r = 0; r < kRowsEach; ++r) {
        float tile_largest = -INFINITY;
        LATHE_UNROLL
        for (int c = 0; c < kKeysEach; ++c) {
          const bool inside = j0 + across + c * kQuadStride < keys;
          score[r][c] = inside ? score[r][c] * args.scale : -INFINITY;
          tile_largest = fmaxf(tile_largest, score[r][c]);
        }
        const float now_largest = fmaxf(largest[r], warp_max<16>(tile_largest));
        const float shrink = expf(largest[r] - now_largest);
        float factors[kQuad] = {1.0f, 1.0f, 1.0f, 1.0f};
        if (draw.active) {
          const int64_t row = (first_query + i0 + down * kRowsEach + r) * args.heads + head;
          draw_quad(draw, static_cast<uint32_t>(j0 / 64 * 16 + across), static_cast<uint32_t>(row),
                    factors);
        }
        float tile_sum = 0;
        LATHE_UNROLL
        for (int c = 0; c < kKeysEach; ++c) {
          const float e = expf(score[r][c] - now_largest);
          tile_sum += e;
          p[(down * kRowsEach + r) * kScoreStride + across + c * kQuadStride] = e * factors[c];
        }
        sum[r] = sum[r] * shrink + warp_sum<16>(tile_sum);
        largest[r] = now_largest;
        LATHE_UNROLL
        for (float& x : context.x[r]) x *= shrink;
      }
      __syncwarp();  // a row of p is written and read by the same half of a warp
      for (int j = 0; j < kKeys; j += 4) {
        Vector<4> weights[kRowsEach];
        LATHE_UNROLL
        for (int r = 0; r < kRowsEach; ++r) {
          weights[r] = load_vector<4>(p + (down * kRowsEach + r) * kScoreStride + j);
        }
        LATHE_UNROLL
        for (int u = 0; u < 4; ++u) {
          float values[HeadRows<kHead, kRowsEach>::kColumns];
          context.load(v + (j + u) * kRowStride<kHead>, across, values);
          LATHE_UNROLL
          for (int r = 0; r < kRowsEach; ++r) context.add(r, weights[r].x[u], values);
        }
      }
    }

    LATHE_UNROLL
    for (int r = 0; r < kRowsEach; ++r) {
      const int i = i0 + down * kRowsEach + r;
      if (i >= queries) continue;
      float* to = as<float>(args.context) + (first_query + i) * args.ldcontext + head_column;
      LATHE_UNROLL
      for (int n = 0; n < context.kColumns; ++n) {
        const int column = context.column(across, n);
        if (column < head_size) to[column] = context.x[r][n] / sum[r];
      }
      if (args.logsumexp != nullptr && across == 0) {
        args.logsumexp[(first_query + i) * args.heads + head] = largest[r] + logf(sum[r]);
      }
    }
  }
}

}  // namespace

void refuse_head_size(int64_t head_size) {
  fail("attention on CUDA: heads of ", head_size, " columns; at most ", kMostHeadSize,
       " are supported");
}

void attention_forward(const AttentionForwardArgs& args, Stream stream) {
  if (args.sequences == 0 || args.heads == 0) return;
  if (args.q.precision == Precision::kBF16) return attention_forward_bf16(args, stream);
  // With few sequences, several blocks share one's queries, as many as fill a large GPU. The blocks
  // without a tile end at once.
  constexpr int64_t kWanted = 512, kMostShares = 8;
  const int64_t shares = minimum(ceil_div(kWanted, args.sequences * args.heads), kMostShares);
  const dim3 grid(static_cast<unsigned>(args.heads), static_cast<unsigned>(args.sequences),
                  static_cast<unsigned>(shares));
  with_head(args.head_size, [&](auto head) {
    constexpr int kBytes = kForwardFloats<head> * static_cast<int>(sizeof(float));
    allow_shared_memory(forward_kernel<head>, kBytes, "attention_forward");
    launch("attention_forward", forward_kernel<head>, grid, kAttentionThreads, kBytes, stream, args,
           make_draw(args.dropout));
  });
}

}  // namespace lathe::LATHE_CUDA
