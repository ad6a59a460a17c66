// Step 2: vectors. In both products the innermost loop goes along a row of the result: across keys
// for scores, which needs the head's keys transposed, across v's columns for the context.
#include "bench/ladder/cpu/heads.h"
#include "bench/ladder/cpu/plain.h"
#include "bench/ladder/cpu/steps.h"
#include "kernels/scratch.h"

namespace lathe::cpu::LATHE_ISA {
namespace {

void scores_of(const AttentionForwardArgs& args, const LadderHead& h, float* kt, float* scores) {
  transpose(h.k, args.ldk, h.keys, h.size, kt, h.keys);
  for (int64_t i = 0; i < h.queries; ++i) {
    float* row = scores + i * h.key_width;
    clear(row, h.keys);
    add_products(h.keys, h.size, args.scale, h.q + i * args.ldq, kt, h.keys, row);
  }
}

void context_of(const AttentionForwardArgs& args, const LadderHead& h, const float* p) {
  for (int64_t i = 0; i < h.queries; ++i) {
    float* context = h.context + i * args.ldcontext;
    clear(context, h.size);
    add_products(h.size, h.keys, 1, p + i * h.key_width, h.v, args.ldv, context);
  }
}

}  // namespace

void attention_2_order(const AttentionForwardArgs& args, Stream /*stream*/) {
  static thread_local Scratch scratch;
  float* scores = scratch.floats(score_count(args) + args.head_size * most_keys(args));
  float* kt = scores + score_count(args);  // [size, keys]
  in_three_passes(
      args, scores, [&](const LadderHead& h, float* x) { scores_of(args, h, kt, x); },
      softmax_one_by_one, [&](const LadderHead& h, const float* p) { context_of(args, h, p); });
}

}  // namespace lathe::cpu::LATHE_ISA
