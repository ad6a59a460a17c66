// Step 5: a few queries go all the way from their scores to their context before the next begin. No
// matrix of scores exists any more: six rows of them are written and read within the L1 cache,
// however long the sequence.
#include "bench/ladder/cpu/attention_tile.h"
#include "bench/ladder/cpu/heads.h"
#include "bench/ladder/cpu/plain.h"
#include "bench/ladder/cpu/softmax.h"
#include "bench/ladder/cpu/steps.h"
#include "kernels/scratch.h"

namespace lathe::cpu::LATHE_ISA {

void attention_5_cache(const AttentionForwardArgs& args, Stream /*stream*/) {
  static thread_local Scratch scratch;
  const int64_t width = round_up(most_keys(args), kWidth);
  float* scores = scratch.floats((kLadderQueries + args.head_size) * width);
  float* kt = scores + kLadderQueries * width;  // [size, keys], times scale
  for_each_head(args, [&](const LadderHead& h) {
    transpose(h.k, args.ldk, h.keys, h.size, kt, h.keys);
    for (int64_t i = 0; i < h.size * h.keys; ++i) kt[i] *= args.scale;
    for (int64_t first = 0; first < h.queries; first += kLadderQueries) {
      const int64_t count = minimum(kLadderQueries, h.queries - first);
      multiply_queries(count, h.keys, h.size, h.q + first * args.ldq, args.ldq, kt, h.keys, scores,
                       h.key_width);
      for (int64_t i = 0; i < count; ++i) softmax(scores + i * h.key_width, h.keys);
      multiply_queries(count, h.size, h.keys, scores, h.key_width, h.v, args.ldv,
                       h.context + first * args.ldcontext, args.ldcontext);
    }
  });
}

}  // namespace lathe::cpu::LATHE_ISA
