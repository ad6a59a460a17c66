// Attention seen by one head of one sequence.
#pragma once

#include "kernels/cpu/vector.h"
#include "kernels/kernels.h"

namespace lathe::cpu::LATHE_ISA {

struct LadderHead {
  int64_t queries, keys, size;
  int64_t key_width;       // of a row of scores: keys, rounded up to whole vectors
  const float *q, *k, *v;  // [queries, size], [keys, size], [keys, size], rows args.ld… apart
  float* context;          // [queries, size]
  int64_t scores_before;   // where its matrix of scores begins, behind those of earlier heads
};

// Calls work(head) for every head of every sequence.
template <class Work>
static inline void for_each_head(const AttentionForwardArgs& args, const Work& work) {
  int64_t scores = 0;
  for (int64_t s = 0; s < args.sequences; ++s) {
    const int64_t query = args.query_offsets[s], key = args.offsets[s];
    LadderHead head{.queries = args.query_offsets[s + 1] - query,
                    .keys = args.offsets[s + 1] - key,
                    .size = args.head_size,
                    .key_width = round_up(args.offsets[s + 1] - key, kWidth),
                    .q = args.q + query * args.ldq,
                    .k = args.k + key * args.ldk,
                    .v = args.v + key * args.ldv,
                    .context = args.context + query * args.ldcontext,
                    .scores_before = 0};
    for (int64_t h = 0; h < args.heads; ++h) {
      head.scores_before = scores;
      work(head);
      scores += head.queries * head.key_width;
      head.q += head.size, head.k += head.size, head.v += head.size, head.context += head.size;
    }
  }
}

// Floats in the matrices of scores of all heads and sequences.
static inline int64_t score_count(const AttentionForwardArgs& args) {
  int64_t scores = 0;
  for_each_head(args, [&](const LadderHead& h) { scores += h.queries * h.key_width; });
  return scores;
}

// One operation after another over all heads, the scores in memory in between:
//   scores_of(head, scores), softmax_of(row, keys) for each row of them, context_of(head, scores).
template <class Scores, class Softmax, class Context>
static inline void in_three_passes(const AttentionForwardArgs& args, float* scores,
                                   const Scores& scores_of, const Softmax& softmax_of,
                                   const Context& context_of) {
  for_each_head(args, [&](const LadderHead& h) { scores_of(h, scores + h.scores_before); });
  for_each_head(args, [&](const LadderHead& h) {
    for (int64_t i = 0; i < h.queries; ++i)
      softmax_of(scores + h.scores_before + i * h.key_width, h.keys);
  });
  for_each_head(args, [&](const LadderHead& h) { context_of(h, scores + h.scores_before); });
}

// Keys of the longest sequence.
static inline int64_t most_keys(const AttentionForwardArgs& args) {
  int64_t most = 0;
  for_each_head(args, [&](const LadderHead& h) { most = h.keys > most ? h.keys : most; });
  return most;
}

}  // namespace lathe::cpu::LATHE_ISA
