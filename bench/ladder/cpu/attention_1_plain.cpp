// Step 1: the definition, one operation after another, as a framework without a fused attention
// computes it: all scores, their softmax, its product with v. The score matrices of all heads and
// sequences are written to memory in between.
#include "bench/ladder/cpu/heads.h"
#include "bench/ladder/cpu/plain.h"
#include "bench/ladder/cpu/steps.h"
#include "kernels/scratch.h"

namespace lathe::cpu::LATHE_ISA {
namespace {

void scores_of(const AttentionForwardArgs& args, const LadderHead& h, float* scores) {
  for (int64_t i = 0; i < h.queries; ++i) {
    for (int64_t j = 0; j < h.keys; ++j) {
      float sum = 0;
      for (int64_t d = 0; d < h.size; ++d) sum += h.q[i * args.ldq + d] * h.k[j * args.ldk + d];
      scores[i * h.key_width + j] = args.scale * sum;
    }
  }
}

void context_of(const AttentionForwardArgs& args, const LadderHead& h, const float* p) {
  for (int64_t i = 0; i < h.queries; ++i) {
    for (int64_t d = 0; d < h.size; ++d) {
      float sum = 0;
      for (int64_t j = 0; j < h.keys; ++j) sum += p[i * h.key_width + j] * h.v[j * args.ldv + d];
      h.context[i * args.ldcontext + d] = sum;
    }
  }
}

}  // namespace

void attention_1_plain(const AttentionForwardArgs& args, Stream /*stream*/) {
  static thread_local Scratch scratch;
  float* scores = scratch.floats(score_count(args));
  in_three_passes(
      args, scores, [&](const LadderHead& h, float* x) { scores_of(args, h, x); },
      softmax_one_by_one, [&](const LadderHead& h, const float* p) { context_of(args, h, p); });
}

}  // namespace lathe::cpu::LATHE_ISA
