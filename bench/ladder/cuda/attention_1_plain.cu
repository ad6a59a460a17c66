// Step 1: the definition, three kernels one after another, as a framework without a fused attention
// runs them: all scores, their softmax, its product with v. Between them the matrices of scores of
// all heads and sequences lie in global memory: written, read and written by softmax, read again.
#include "bench/ladder/cuda/heads.h"
#include "bench/ladder/cuda/steps.h"

namespace lathe::LATHE_CUDA {
namespace {

constexpr int kThreads = 256;
constexpr int kMostTokens = 512;  // of a sequence: BERT's most, since the host does not know them

__device__ inline float* scores_of_block(const AttentionForwardArgs& args, float* scores) {
  return scores + (blockIdx.y * args.heads + blockIdx.x) * kMostTokens * kMostTokens;
}

// A block a query, a thread a key.
__global__ void __launch_bounds__(kThreads) scores_kernel(AttentionForwardArgs args, float* all) {
  const LadderHead h = ladder_head(args);
  float* scores = scores_of_block(args, all);
  for (int i = static_cast<int>(blockIdx.z); i < h.queries; i += kLadderShares) {
    for (int j = static_cast<int>(threadIdx.x); j < h.keys; j += kThreads) {
      scores[i * kMostTokens + j] =
          args.scale * dot_product(h.q + i * args.ldq, h.k + j * args.ldk, h.size);
    }
  }
}

// A warp a query.
__global__ void __launch_bounds__(kThreads) softmax_kernel(AttentionForwardArgs args, float* all) {
  const LadderHead h = ladder_head(args);
  constexpr int kWarps = kThreads / kWarp;
  const int lane = static_cast<int>(threadIdx.x) % kWarp;
  int i = static_cast<int>(blockIdx.z) * kWarps + static_cast<int>(threadIdx.x) / kWarp;
  for (; i < h.queries; i += kLadderShares * kWarps) {
    float* row = scores_of_block(args, all) + i * kMostTokens;
    float largest = -INFINITY, sum = 0;
    for (int j = lane; j < h.keys; j += kWarp) largest = fmaxf(largest, row[j]);
    largest = warp_max(largest);
    for (int j = lane; j < h.keys; j += kWarp) sum += row[j] = expf(row[j] - largest);
    sum = warp_sum(sum);
    for (int j = lane; j < h.keys; j += kWarp) row[j] /= sum;
  }
}

// A thread a result.
__global__ void __launch_bounds__(kThreads) context_kernel(AttentionForwardArgs args, float* all) {
  const LadderHead h = ladder_head(args);
  const float* p = scores_of_block(args, all);
  int at = static_cast<int>(blockIdx.z) * kThreads + static_cast<int>(threadIdx.x);
  for (; at < h.queries * h.size; at += kLadderShares * kThreads) {
    const int i = at / h.size, column = at % h.size;
    float sum = 0;
    for (int j = 0; j < h.keys; ++j) sum += p[i * kMostTokens + j] * h.v[j * args.ldv + column];
    h.context[i * args.ldcontext + column] = sum;
  }
}

}  // namespace

void attention_1_plain(const AttentionForwardArgs& args, Stream stream) {
  const int64_t matrices = args.sequences * args.heads;
  const Workspace scores(matrices * kMostTokens * kMostTokens * int64_t{sizeof(float)}, stream,
                         "attention");
  for (const auto kernel : {scores_kernel, softmax_kernel, context_kernel}) {
    launch("attention", kernel, ladder_grid(args), kThreads, 0, stream, args, scores.floats());
  }
}

}  // namespace lathe::LATHE_CUDA
