// Backward: a block has a head of a sequence to itself, so that it alone adds to its rows of dq, dk
// and dv: no atomics, one order. The outer loop is over tiles of keys, whose dk and dv stay in
// registers; the inner one over tiles of queries, whose dq is added to in memory.
#include "kernels/cuda/attention.h"
#include "kernels/cuda/ops.h"

namespace lathe::LATHE_CUDA {

namespace {

constexpr int kKeyRows = 4;  // keys of a thread, for dk and dv

// Queries of a thread. Heads of 128 columns leave room for half as many in an A100's shared memory.
template <int kHead>
constexpr int kQueryRows = kHead > 64 ? 2 : 4;

template <int kHead>
constexpr int kBackwardFloats = 2 * (kKeys + 16 * kQueryRows<kHead>)*kRowStride<kHead> +
                                2 * 16 * kQueryRows<kHead>* kScoreStride +
                                2 * 16 * kQueryRows<kHead>;

template <int kHead>
class Backward {
 public:
  __device__ Backward(const AttentionBackwardArgs& args, const Draw& draw)
      : args_(args),
        draw_(draw),
        across_(static_cast<int>(threadIdx.x) % 16),
        down_(static_cast<int>(threadIdx.x) / 16),
        head_(blockIdx.x),
        column_(head_ * args.head_size),
        head_size_(static_cast<int>(args.head_size)),
        first_key_(args.offsets[blockIdx.y]),
        first_query_(args.query_offsets[blockIdx.y]),
        keys_(static_cast<int>(args.offsets[blockIdx.y + 1] - first_key_)),
        queries_(static_cast<int>(args.query_offsets[blockIdx.y + 1] - first_query_)) {
    k_ = dynamic_shared<float>();
    v_ = k_ + kKeys * kStride;
    q_ = v_ + kKeys * kStride;
    dcontext_ = q_ + kQueries * kStride;
    dropped_p_ = dcontext_ + kQueries * kStride;
    dscore_ = dropped_p_ + kQueries * kScoreStride;
    logsumexp_ = dscore_ + kQueries * kScoreStride;
    d_ = logsumexp_ + kQueries;
  }

  __device__ void run() {
    for (int j0 = 0; j0 < keys_; j0 += kKeys) {
      __syncthreads();  // the last tile's keys are no longer needed
      load_rows<kHead, kKeys>(as<float>(args_.k) + (first_key_ + j0) * args_.ldk + column_,
                              args_.ldk, keys_ - j0, head_size_, k_);
      load_rows<kHead, kKeys>(as<float>(args_.v) + (first_key_ + j0) * args_.ldv + column_,
                              args_.ldv, keys_ - j0, head_size_, v_);
      HeadRows<kHead, kKeyRows> dk, dv;
      for (int i0 = 0; i0 < queries_; i0 += kQueries) {
        __syncthreads();
        load_queries(i0);
        __syncthreads();
        scores(i0, j0);
        __syncthreads();
        add_to_keys(dk, dv);
        add_to_queries(i0, j0);
      }
      store_rows<kKeyRows>(dk, args_.scale, as<float>(args_.dk) + (first_key_ + j0) * args_.lddk,
                           args_.lddk, keys_ - j0);
      store_rows<kKeyRows>(dv, 1.0f, as<float>(args_.dv) + (first_key_ + j0) * args_.lddv,
                           args_.lddv, keys_ - j0);
    }
  }

 private:
  static constexpr int kRows = kQueryRows<kHead>;
  static constexpr int kQueries = 16 * kRows;
  static constexpr int kStride = kRowStride<kHead>;

  // q, dcontext, and of each row logsumexp and D = dcontext · context.
  __device__ void load_queries(int i0) {
    const int64_t first = first_query_ + i0;
    const int rows = queries_ - i0;
    load_rows<kHead, kQueries>(as<float>(args_.q) + first * args_.ldq + column_, args_.ldq, rows,
                               head_size_, q_);
    load_rows<kHead, kQueries>(as<float>(args_.dcontext) + first * args_.ldcontext + column_,
                               args_.ldcontext, rows, head_size_, dcontext_);
    constexpr int kThreadsPerRow = kAttentionThreads / kQueries;
    const int row = static_cast<int>(threadIdx.x) / kThreadsPerRow;
    const int part = static_cast<int>(threadIdx.x) % kThreadsPerRow;
    float d = 0;
    if (row < rows) {
      const int64_t at = (first + row) * args_.ldcontext + column_;
      for (int l = part; l < head_size_; l += kThreadsPerRow) {
        d += as<float>(args_.dcontext)[at + l] * as<float>(args_.context)[at + l];
      }
    }
    d = warp_sum<kThreadsPerRow>(d);
    if (part != 0) return;
    d_[row] = d;
    logsumexp_[row] = row < rows ? args_.logsumexp[(first + row) * args_.heads + head_] : 0.0f;
  }

  // dropout(p) and dscore of the tile; zero where there is no query or no key.
  __device__ void scores(int i0, int j0) {
    float score[kRows][kKeysEach], dp[kRows][kKeysEach];
    multiply_rows<kHead, kRows>(q_, k_, down_, across_, score);
    multiply_rows<kHead, kRows>(dcontext_, v_, down_, across_, dp);
    LATHE_UNROLL
    for (int r = 0; r < kRows; ++r) {
      const int row = down_ * kRows + r;
      float factors[kQuad] = {1.0f, 1.0f, 1.0f, 1.0f};
      if (draw_.active) {
        const int64_t mask_row = (first_query_ + i0 + row) * args_.heads + head_;
        draw_quad(draw_, static_cast<uint32_t>(j0 / 64 * 16 + across_),
                  static_cast<uint32_t>(mask_row), factors);
      }
      LATHE_UNROLL
      for (int c = 0; c < kKeysEach; ++c) {
        const int key = across_ + c * kQuadStride;
        const bool inside = i0 + row < queries_ && j0 + key < keys_;
        const float p = inside ? expf(score[r][c] * args_.scale - logsumexp_[row]) : 0.0f;
        dropped_p_[row * kScoreStride + key] = p * factors[c];
        dscore_[row * kScoreStride + key] = p * (dp[r][c] * factors[c] - d_[row]);
      }
    }
  }

  // dv[j] += Σ_i dropout(p)[i, j] dcontext[i],  dk[j] += Σ_i dscore[i, j] q[i]
  __device__ void add_to_keys(HeadRows<kHead, kKeyRows>& dk, HeadRows<kHead, kKeyRows>& dv) const {
    LATHE_UNROLL_BY(4)
    for (int i = 0; i < kQueries; ++i) {
      const Vector<4> p = load_vector<4>(dropped_p_ + i * kScoreStride + down_ * kKeyRows);
      const Vector<4> ds = load_vector<4>(dscore_ + i * kScoreStride + down_ * kKeyRows);
      float dcontext[HeadRows<kHead, kKeyRows>::kColumns], q[HeadRows<kHead, kKeyRows>::kColumns];
      dv.load(dcontext_ + i * kStride, across_, dcontext);
      dk.load(q_ + i * kStride, across_, q);
      LATHE_UNROLL
      for (int r = 0; r < kKeyRows; ++r) {
        dv.add(r, p.x[r], dcontext);
        dk.add(r, ds.x[r], q);
      }
    }
  }

  // dq[i] += scale Σ_j dscore[i, j] k[j], over this tile's keys
  __device__ void add_to_queries(int i0, int j0) const {
    HeadRows<kHead, kRows> dq;
    LATHE_UNROLL_BY(2)
    for (int j = 0; j < kKeys; j += 4) {
      Vector<4> ds[kRows];
      LATHE_UNROLL
      for (int r = 0; r < kRows; ++r) {
        ds[r] = load_vector<4>(dscore_ + (down_ * kRows + r) * kScoreStride + j);
      }
      LATHE_UNROLL
      for (int u = 0; u < 4; ++u) {
        float k[HeadRows<kHead, kRows>::kColumns];
        dq.load(k_ + (j + u) * kStride, across_, k);
        LATHE_UNROLL
        for (int r = 0; r < kRows; ++r) dq.add(r, ds[r].x[u], k);
      }
    }
    float* to = as<float>(args_.dq) + (first_query_ + i0) * args_.lddq;
    store_rows<kRows>(dq, args_.scale, to, args_.lddq, queries_ - i0, j0 > 0);
  }

  template <int kStored>
  __device__ void store_rows(const HeadRows<kHead, kStored>& rows, float factor, float* to,
                             int64_t ld, int count, bool add = false) const {
    LATHE_UNROLL
    for (int r = 0; r < kStored; ++r) {
      const int row = down_ * kStored + r;
      if (row >= count) continue;
      LATHE_UNROLL
      for (int n = 0; n < rows.kColumns; ++n) {
        const int column = rows.column(across_, n);
        if (column >= head_size_) continue;
        float& x = to[row * ld + column_ + column];
        x = (add ? x : 0.0f) + factor * rows.x[r][n];
      }
    }
  }

  const AttentionBackwardArgs& args_;
  const Draw draw_;
  int across_, down_;
  int64_t head_, column_;
  int head_size_;
  int64_t first_key_, first_query_;
  int keys_, queries_;
  float *k_, *v_, *q_, *dcontext_;  // tiles of rows
  float *dropped_p_, *dscore_;      // [kQueries][kScoreStride]
  float *logsumexp_, *d_;           // [kQueries]
};

template <int kHead>
__global__ void __launch_bounds__(kAttentionThreads, kAttentionBlocks<kHead>)
    backward_kernel(AttentionBackwardArgs args, Draw draw) {
  Backward<kHead>(args, current(draw)).run();
}

}  // namespace

void attention_backward(const AttentionBackwardArgs& args, Stream stream) {
  if (args.sequences == 0 || args.heads == 0) return;
  if (args.q.precision == Precision::kBF16) return attention_backward_bf16(args, stream);
  const dim3 grid(static_cast<unsigned>(args.heads), static_cast<unsigned>(args.sequences));
  with_head(args.head_size, [&](auto head) {
    constexpr int kBytes = kBackwardFloats<head> * static_cast<int>(sizeof(float));
    allow_shared_memory(backward_kernel<head>, kBytes, "attention_backward");
    launch("attention_backward", backward_kernel<head>, grid, kAttentionThreads, kBytes, stream,
           args, make_draw(args.dropout));
  });
}

}  // namespace lathe::LATHE_CUDA
