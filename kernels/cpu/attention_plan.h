// What the kernels of attention share: a unit of work is one head of one sequence, and no result
// crosses a head, so that which thread takes which changes nothing.
#pragma once

#include <omp.h>

#include "kernels/cpu/numbers.h"
#include "kernels/cpu/parallel.h"
#include "kernels/cpu/vector.h"
#include "kernels/kernels.h"

namespace lathe::cpu::LATHE_ISA {

// Args: AttentionForwardArgs or AttentionBackwardArgs, which must outlive it.
template <class Args>
struct AttentionPlan {
  explicit AttentionPlan(const Args& a) : args(a), head_width(round_up(a.head_size, kWidth)) {
    for (int64_t s = 0; s < a.sequences; ++s) {
      const int64_t length = a.offsets[s + 1] - a.offsets[s];
      const int64_t asking = a.query_offsets[s + 1] - a.query_offsets[s];
      keys = maximum(keys, length);
      queries = maximum(queries, asking);
      work += length * asking;
    }
    work *= a.heads * a.head_size;
    key_width = round_up(keys, kWidth);
  }

  int64_t units() const { return args.sequences * args.heads; }
  int threads() const {
    const int64_t wanted = minimum(work / kProductsPerThread, units());
    return static_cast<int>(maximum(1, minimum(wanted, omp_get_max_threads())));
  }

  const Args& args;
  int64_t keys = 0, queries = 0;      // of the longest sequence
  int64_t work = 0;                   // multiplications of a product
  int64_t head_width, key_width = 0;  // in whole vectors
};

// One head of one sequence.
template <class Args>
struct AttentionHead {
  AttentionHead(const Args& args, int64_t unit)
      : head(unit % args.heads),
        sequence(unit / args.heads),
        column(head * args.head_size),
        first_query(args.query_offsets[sequence]),
        last_query(args.query_offsets[sequence + 1]),
        queries(last_query - first_query),
        first_key(args.offsets[sequence]),
        keys(args.offsets[sequence + 1] - first_key),
        key_width(round_up(keys, kWidth)) {}

  // Where the head's columns of that row lie.
  template <class Number>
  Number* place(const Numbers& x, int64_t ld, int64_t row) const {
    return as<Number>(x) + row * ld + column;
  }
  template <class Number>
  const Number* place(const ConstNumbers& x, int64_t ld, int64_t row) const {
    return as<Number>(x) + row * ld + column;
  }

  int64_t head, sequence, column, first_query, last_query, queries, first_key, keys, key_width;
};

template <class Number>
static inline float dot(const Number* a, const Number* b, int64_t count) {
  Vec sum{};
  for (int64_t j = 0; j < count; j += kWidth)
    sum += load(a + j, count - j) * load(b + j, count - j);
  return sum_lanes(sum);
}

// What a head's keys and values have for a gradient when nobody asks them.
template <class Number>
static inline void clear_rows(Number* x, int64_t ld, int64_t rows, int64_t columns) {
  for (int64_t i = 0; i < rows; ++i)
    __builtin_memset(x + i * ld, 0, static_cast<uint64_t>(columns) * sizeof(Number));
}

}  // namespace lathe::cpu::LATHE_ISA
