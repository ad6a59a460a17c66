// Step 2: online softmax (Milakov, Gimelshein 2018). One kernel, a warp a query, and no matrix of
// scores: 32 keys at a time go all the way from scores to context. Softmax wants the largest score
// of all keys before the first exponential; instead the largest so far is subtracted, and when a
// larger one comes, sum and context are multiplied by exp(old - new). What is lost: every query
// reads all keys and values of its head from the caches for itself.
#include "bench/ladder/cuda/heads.h"
#include "bench/ladder/cuda/steps.h"

namespace lathe::LATHE_CUDA {
namespace {

constexpr int kWarps = 8;

__global__ void __launch_bounds__(kWarps* kWarp) online_kernel(AttentionForwardArgs args) {
  const LadderHead h = ladder_head(args);
  const int lane = static_cast<int>(threadIdx.x) % kWarp;
  int i = static_cast<int>(blockIdx.z) * kWarps + static_cast<int>(threadIdx.x) / kWarp;
  for (; i < h.queries; i += kLadderShares * kWarps) {
    float context[kLadderColumns] = {};  // every 32nd column from the lane's on
    float largest = -INFINITY, sum = 0;
    for (int first = 0; first < h.keys; first += kWarp) {
      const int j = first + lane;  // the key whose score is the lane's
      const float score =
          j < h.keys ? args.scale * dot_product(h.q + i * args.ldq, h.k + j * args.ldk, h.size)
                     : -INFINITY;
      const float now_largest = fmaxf(largest, warp_max(score));
      const float shrink = expf(largest - now_largest), p = expf(score - now_largest);
      sum = sum * shrink + warp_sum(p);
      largest = now_largest;
      LATHE_UNROLL
      for (float& x : context) x *= shrink;
      for (int n = 0; n < minimum(kWarp, h.keys - first); ++n) {
        const float p_of_key = __shfl_sync(kAllLanes, p, n);
        const float* v = h.v + (first + n) * args.ldv;
        LATHE_UNROLL
        for (int c = 0; c < kLadderColumns; ++c) {
          if (lane + c * kWarp < h.size) context[c] += p_of_key * v[lane + c * kWarp];
        }
      }
    }
    LATHE_UNROLL
    for (int c = 0; c < kLadderColumns; ++c) {
      const int column = lane + c * kWarp;
      if (column < h.size) h.context[i * args.ldcontext + column] = context[c] / sum;
    }
  }
}

}  // namespace

void attention_2_online(const AttentionForwardArgs& args, Stream stream) {
  launch("attention", online_kernel, ladder_grid(args), kWarps * kWarp, 0, stream, args);
}

}  // namespace lathe::LATHE_CUDA
