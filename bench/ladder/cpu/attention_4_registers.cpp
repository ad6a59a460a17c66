// Step 4: several queries at once. A vector of keys or values, once loaded, serves them all, and
// their sums stay in registers: gemm's step 4, for both products.
#include "bench/ladder/cpu/attention_tile.h"
#include "bench/ladder/cpu/heads.h"
#include "bench/ladder/cpu/plain.h"
#include "bench/ladder/cpu/softmax.h"
#include "bench/ladder/cpu/steps.h"
#include "kernels/scratch.h"

namespace lathe::cpu::LATHE_ISA {
namespace {

void scores_of(const AttentionForwardArgs& args, const LadderHead& h, float* kt, float* scores) {
  transpose(h.k, args.ldk, h.keys, h.size, kt, h.keys);
  for (int64_t i = 0; i < h.size * h.keys; ++i) kt[i] *= args.scale;
  for (int64_t i = 0; i < h.queries; i += kLadderQueries) {
    multiply_queries(minimum(kLadderQueries, h.queries - i), h.keys, h.size, h.q + i * args.ldq,
                     args.ldq, kt, h.keys, scores + i * h.key_width, h.key_width);
  }
}

void context_of(const AttentionForwardArgs& args, const LadderHead& h, const float* p) {
  for (int64_t i = 0; i < h.queries; i += kLadderQueries) {
    multiply_queries(minimum(kLadderQueries, h.queries - i), h.size, h.keys, p + i * h.key_width,
                     h.key_width, h.v, args.ldv, h.context + i * args.ldcontext, args.ldcontext);
  }
}

}  // namespace

void attention_4_registers(const AttentionForwardArgs& args, Stream /*stream*/) {
  static thread_local Scratch scratch;
  float* scores = scratch.floats(score_count(args) + args.head_size * most_keys(args));
  float* kt = scores + score_count(args);  // [size, keys], times scale
  in_three_passes(
      args, scores, [&](const LadderHead& h, float* x) { scores_of(args, h, kt, x); }, softmax,
      [&](const LadderHead& h, const float* p) { context_of(args, h, p); });
}

}  // namespace lathe::cpu::LATHE_ISA
