// Attention over packed sequences. A unit of work is one head of one sequence: its keys and values
// are copied side by side (their rows are a whole activation apart in memory), and the queries go
// past them in blocks, so that a block's scores stay in the cache whatever the length.
#include "kernels/cpu/attention_plan.h"
#include "kernels/cpu/attention_tiles.h"
#include "kernels/cpu/dropout.h"
#include "kernels/cpu/numbers.h"
#include "kernels/cpu/ops.h"
#include "kernels/cpu/small_product.h"
#include "kernels/cpu/vector_math.h"
#include "kernels/scratch.h"

namespace lathe::cpu::LATHE_ISA {

namespace {

thread_local Scratch thread_scratch;

constexpr int64_t kQueryBlock = 8 * kProductRows;

using ForwardPlan = AttentionPlan<AttentionForwardArgs>;
using ForwardHead = AttentionHead<AttentionForwardArgs>;
using BackwardPlan = AttentionPlan<AttentionBackwardArgs>;
using BackwardHead = AttentionHead<AttentionBackwardArgs>;

// Where products read and write the rows of a head: where they lie, if they are floats, and else in
// `memory`, as floats with rows of head_width.
template <class Number>
struct Rows {
  Number* rows;
  int64_t ld;
  float* memory;
  int64_t head_width;

  auto* floats() const {
    if constexpr (kIsFloat<Number>) {
      return rows;
    } else {
      return memory;
    }
  }
  int64_t ld_floats() const { return kIsFloat<Number> ? ld : head_width; }
  // From the rows, and to them.
  void read(int64_t count, int64_t columns) const {
    if constexpr (!kIsFloat<Number>) pack(rows, ld, count, columns, memory, head_width);
  }
  void write(int64_t count, int64_t columns) const {
    if constexpr (!kIsFloat<Number>) unpack(memory, head_width, count, columns, rows, ld);
  }
};

struct ForwardMemory {
  explicit ForwardMemory(const ForwardPlan& plan)
      : keys_transposed(thread_scratch.floats(plan.head_width * plan.key_width +
                                              plan.keys * plan.head_width +
                                              kQueryBlock * (plan.key_width + plan.head_width))),
        values(keys_transposed + plan.head_width * plan.key_width),
        scores(values + plan.keys * plan.head_width),
        rows(scores + kQueryBlock * plan.key_width) {}

  float* keys_transposed;  // [head_size, keys], times scale
  float* values;           // [keys, head_size]
  float* scores;           // [kQueryBlock, keys]
  float* rows;             // [kQueryBlock, head_size]: queries, then context
};

// From scores to dropout(softmax(scores)) in place. Returns the logsumexp.
float softmax_row(float* scores, int64_t keys, const float* factors) {
  const int64_t last = (keys - 1) / kWidth * kWidth;
  const IntVec inside = lane_numbers() < static_cast<int32_t>(keys - last);
  store(scores + last, inside ? load(scores + last) : broadcast(-__builtin_inff()));
  Vec largest = load(scores);
  for (int64_t j = kWidth; j < keys; j += kWidth) largest = vector_max(load(scores + j), largest);
  const float row_largest = max_lane(largest);
  Vec sum{};
  for (int64_t j = 0; j < keys; j += kWidth) {
    const Vec e = exponential(load(scores + j) - row_largest);
    sum += e;
    store(scores + j, e * load(factors + j));
  }
  const float row_sum = sum_lanes(sum);
  for (int64_t j = 0; j < keys; j += kWidth) {
    store(scores + j, load(scores + j) * (1.0f / row_sum));
  }
  return row_largest + __builtin_logf(row_sum);
}

template <class Number>
void forward_block(const AttentionForwardArgs& args, const ForwardHead& h, const ForwardPlan& plan,
                   const ForwardMemory& memory, DropoutRow& dropout, int64_t first, int64_t count) {
  const Rows<const Number> q = {h.place<Number>(args.q, args.ldq, first), args.ldq, memory.rows,
                                plan.head_width};
  const Rows<Number> context = {h.place<Number>(args.context, args.ldcontext, first),
                                args.ldcontext, memory.rows, plan.head_width};
  q.read(count, args.head_size);
  multiply({.m = count,
            .n = h.key_width,
            .k = args.head_size,
            .a = q.floats(),
            .lda = q.ld_floats(),
            .transpose_a = false,
            .b = memory.keys_transposed,
            .ldb = h.key_width,
            .c = memory.scores,
            .ldc = h.key_width,
            .add = false});
  for (int64_t i = 0; i < count; ++i) {
    const int64_t row = (first + i) * args.heads + h.head;
    const float logsumexp =
        softmax_row(memory.scores + i * h.key_width, h.keys, dropout.factors(row, h.keys));
    if (args.logsumexp != nullptr) args.logsumexp[row] = logsumexp;
  }
  multiply({.m = count,
            .n = args.head_size,
            .k = h.keys,
            .a = memory.scores,
            .lda = h.key_width,
            .transpose_a = false,
            .b = memory.values,
            .ldb = plan.head_width,
            .c = context.floats(),
            .ldc = context.ld_floats(),
            .add = false});
  context.write(count, args.head_size);
}

template <class Number>
void forward_head(const ForwardPlan& plan, const ForwardMemory& memory, DropoutRow& dropout,
                  int64_t unit) {
  const AttentionForwardArgs& args = plan.args;
  const ForwardHead h(args, unit);
  if (h.first_query == h.last_query) return;
  pack_transposed(h.place<Number>(args.k, args.ldk, h.first_key), args.ldk, h.keys, args.head_size,
                  args.scale, memory.keys_transposed, h.key_width);
  pack(h.place<Number>(args.v, args.ldv, h.first_key), args.ldv, h.keys, args.head_size,
       memory.values, plan.head_width);
  for (int64_t first = h.first_query; first < h.last_query; first += kQueryBlock) {
    forward_block<Number>(args, h, plan, memory, dropout, first,
                          minimum(kQueryBlock, h.last_query - first));
  }
}

struct BackwardMemory {
  explicit BackwardMemory(const BackwardPlan& plan) {
    const int64_t square = plan.head_width * plan.key_width;
    const int64_t block = kQueryBlock * plan.key_width + kWidth;  // read beyond when transposed
    keys_transposed = thread_scratch.floats(2 * square + 3 * plan.keys * plan.head_width +
                                            3 * kQueryBlock * plan.head_width + 2 * block);
    values_transposed = keys_transposed + square;
    keys = values_transposed + square;
    queries = keys + plan.keys * plan.head_width;
    dcontext = queries + kQueryBlock * plan.head_width;
    p = dcontext + kQueryBlock * plan.head_width;
    dscore = p + block;
    dq = dscore + block;
    dk = dq + kQueryBlock * plan.head_width;
    dv = dk + plan.keys * plan.head_width;
  }

  float* keys_transposed;    // [head_size, keys], times scale
  float* values_transposed;  // [head_size, keys]
  float* keys;               // [keys, head_size]
  float* queries;            // [kQueryBlock, head_size]
  float* dcontext;           // [kQueryBlock, head_size]
  float* p;                  // [kQueryBlock, keys]: scores, then dropout(p)
  float* dscore;             // [kQueryBlock, keys]: dcontext · v, then the gradient of score
  // Of rows that are not floats.
  float* dq;       // [kQueryBlock, head_size]
  float *dk, *dv;  // [keys, head_size]
};

// From scores to dropout(p) and from dcontext · v to scale * dscore, in place.
void softmax_backward_row(float* p, float* dscore, int64_t keys, float logsumexp, float d,
                          float scale, const float* factors) {
  for (int64_t j = 0; j < keys; j += kWidth) {
    const Vec probability = exponential(load(p + j) - logsumexp);
    const Vec factor = load(factors + j);
    store(p + j, probability * factor);
    store(dscore + j, probability * scale * (load(dscore + j) * factor - d));
  }
}

template <class Number>
void backward_block(const BackwardPlan& plan, const BackwardHead& h, const BackwardMemory& memory,
                    const Rows<Number>& dk, const Rows<Number>& dv, DropoutRow& dropout,
                    int64_t first, int64_t count) {
  const AttentionBackwardArgs& args = plan.args;
  const Number* context = h.place<Number>(args.context, args.ldcontext, first);
  const Number* dcontext = h.place<Number>(args.dcontext, args.ldcontext, first);
  const Rows<Number> dq = {h.place<Number>(args.dq, args.lddq, first), args.lddq, memory.dq,
                           plan.head_width};
  pack(h.place<Number>(args.q, args.ldq, first), args.ldq, count, args.head_size, memory.queries,
       plan.head_width);
  pack(dcontext, args.ldcontext, count, args.head_size, memory.dcontext, plan.head_width);

  SmallProduct scores{.m = count,
                      .n = h.key_width,
                      .k = args.head_size,
                      .a = memory.queries,
                      .lda = plan.head_width,
                      .transpose_a = false,
                      .b = memory.keys_transposed,
                      .ldb = h.key_width,
                      .c = memory.p,
                      .ldc = h.key_width,
                      .add = false};
  multiply(scores);
  scores.a = memory.dcontext;
  scores.b = memory.values_transposed;
  scores.c = memory.dscore;
  multiply(scores);

  for (int64_t i = 0; i < count; ++i) {
    const int64_t row = (first + i) * args.heads + h.head;
    const float d =
        dot(dcontext + i * args.ldcontext, context + i * args.ldcontext, args.head_size);
    softmax_backward_row(memory.p + i * h.key_width, memory.dscore + i * h.key_width, h.keys,
                         args.logsumexp[row], d, args.scale, dropout.factors(row, h.keys));
  }

  multiply({.m = count,
            .n = args.head_size,
            .k = h.keys,
            .a = memory.dscore,
            .lda = h.key_width,
            .transpose_a = false,
            .b = memory.keys,
            .ldb = plan.head_width,
            .c = dq.floats(),
            .ldc = dq.ld_floats(),
            .add = false});
  dq.write(count, args.head_size);
  SmallProduct of_keys{.m = h.keys,
                       .n = args.head_size,
                       .k = count,
                       .a = memory.dscore,
                       .lda = h.key_width,
                       .transpose_a = true,
                       .b = memory.queries,
                       .ldb = plan.head_width,
                       .c = dk.floats(),
                       .ldc = dk.ld_floats(),
                       .add = first > h.first_query};
  multiply(of_keys);
  of_keys.a = memory.p;
  of_keys.b = memory.dcontext;
  of_keys.c = dv.floats();
  of_keys.ldc = dv.ld_floats();
  multiply(of_keys);
}

template <class Number>
void backward_head(const BackwardPlan& plan, const BackwardMemory& memory, DropoutRow& dropout,
                   int64_t unit) {
  const AttentionBackwardArgs& args = plan.args;
  const BackwardHead h(args, unit);
  const Rows<Number> dk = {h.place<Number>(args.dk, args.lddk, h.first_key), args.lddk, memory.dk,
                           plan.head_width};
  const Rows<Number> dv = {h.place<Number>(args.dv, args.lddv, h.first_key), args.lddv, memory.dv,
                           plan.head_width};
  if (h.first_query == h.last_query) {
    clear_rows(dk.rows, dk.ld, h.keys, args.head_size);
    clear_rows(dv.rows, dv.ld, h.keys, args.head_size);
    return;
  }
  const Number* k = h.place<Number>(args.k, args.ldk, h.first_key);
  const Number* v = h.place<Number>(args.v, args.ldv, h.first_key);
  pack(k, args.ldk, h.keys, args.head_size, memory.keys, plan.head_width);
  pack_transposed(k, args.ldk, h.keys, args.head_size, args.scale, memory.keys_transposed,
                  h.key_width);
  pack_transposed(v, args.ldv, h.keys, args.head_size, 1.0f, memory.values_transposed, h.key_width);
  for (int64_t first = h.first_query; first < h.last_query; first += kQueryBlock) {
    backward_block<Number>(plan, h, memory, dk, dv, dropout, first,
                           minimum(kQueryBlock, h.last_query - first));
  }
  dk.write(h.keys, args.head_size);
  dv.write(h.keys, args.head_size);
}

template <class Number>
void forward(const ForwardPlan& plan) {
#pragma omp parallel num_threads(plan.threads())
  {
    const ForwardMemory memory(plan);
    DropoutRow dropout(plan.args.dropout, plan.keys);
#pragma omp for schedule(dynamic)
    for (int64_t unit = 0; unit < plan.units(); ++unit) {
      forward_head<Number>(plan, memory, dropout, unit);
    }
  }
}

template <class Number>
void backward(const BackwardPlan& plan) {
#pragma omp parallel num_threads(plan.threads())
  {
    const BackwardMemory memory(plan);
    DropoutRow dropout(plan.args.dropout, plan.keys);
#pragma omp for schedule(dynamic)
    for (int64_t unit = 0; unit < plan.units(); ++unit) {
      backward_head<Number>(plan, memory, dropout, unit);
    }
  }
}

}  // namespace

void attention_forward(const AttentionForwardArgs& args, Stream) {
  if (attention_forward_in_tiles(args)) return;
  const ForwardPlan plan(args);
  with_number(args.q.precision, [&](auto number) { forward<decltype(number)>(plan); });
}

void attention_backward(const AttentionBackwardArgs& args, Stream) {
  if (attention_backward_in_tiles(args)) return;
  const BackwardPlan plan(args);
  with_number(args.q.precision, [&](auto number) { backward<decltype(number)>(plan); });
}

}  // namespace lathe::cpu::LATHE_ISA
