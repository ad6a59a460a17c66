// Attention by one query of each sequence and head. A unit of work is a sequence with all of its
// heads: they share the rows of x, and lie side by side in the lanes of a vector, so that softmax
// goes down the rows and never across lanes.
#include <omp.h>

#include "kernels/cpu/dropout.h"
#include "kernels/cpu/numbers.h"
#include "kernels/cpu/ops.h"
#include "kernels/cpu/parallel.h"
#include "kernels/cpu/small_product.h"
#include "kernels/cpu/vector_math.h"
#include "kernels/scratch.h"

namespace lathe::cpu::LATHE_ISA {

namespace {

thread_local Scratch thread_scratch;

// Sizes that forward and backward share.
template <class Args>
struct Plan {
  explicit Plan(const Args& a)
      : args(a), width(round_up(a.hidden, kWidth)), lanes(round_up(a.heads, kWidth)) {
    for (int64_t s = 0; s < a.sequences; ++s) {
      longest = maximum(longest, a.offsets[s + 1] - a.offsets[s]);
    }
  }

  int threads() const {
    const int64_t tokens = args.sequences == 0 ? 0 : args.offsets[args.sequences];
    const int64_t wanted =
        minimum(tokens * args.heads * args.hidden / kProductsPerThread, args.sequences);
    return static_cast<int>(maximum(1, minimum(wanted, omp_get_max_threads())));
  }

  int64_t matrix() const { return longest * lanes + kWidth; }  // read beyond when transposed

  const Args& args;
  int64_t width;  // of a row of x, u or dz, in whole vectors
  int64_t lanes;  // of all heads, in whole vectors
  int64_t longest = 0;
};

// What the products read and what softmax turns into what.
template <class Args>
class Work {
 public:
  explicit Work(const Plan<Args>& plan)
      : plan_(plan), args_(plan.args), dropout_(plan.args.dropout, plan.longest) {}

 protected:
  // Rows as SmallProduct's b: themselves where they are floats that fill whole vectors, else a copy
  // in `memory`.
  template <class Row>
  const float* whole_rows(const Row* rows, int64_t count, float* memory) const {
    if constexpr (kIsFloat<Row>) {
      if (plan_.width == args_.hidden) return rows;
    }
    pack(rows, args_.hidden, count, args_.hidden, memory, plan_.width);
    return memory;
  }

  // c[rows, lanes] = x of_headsᵀ, with x of whole_rows() and of_heads [heads, hidden] transposed
  // into `memory`.
  void multiply_by_heads(const float* x, int64_t rows, const float* of_heads, float factor,
                         float* memory, float* c) const {
    pack_transposed(of_heads, args_.hidden, args_.heads, args_.hidden, factor, memory, plan_.lanes);
    multiply({.m = rows,
              .n = plan_.lanes,
              .k = args_.hidden,
              .a = x,
              .lda = plan_.width,
              .transpose_a = false,
              .b = memory,
              .ldb = plan_.lanes,
              .c = c,
              .ldc = plan_.lanes,
              .add = false});
  }

  // c[heads, hidden] = weightsᵀ x, of weights [rows, lanes].
  void sum_rows(const float* weights, const float* x, int64_t rows, float* c) const {
    multiply({.m = args_.heads,
              .n = args_.hidden,
              .k = rows,
              .a = weights,
              .lda = plan_.lanes,
              .transpose_a = true,
              .b = x,
              .ldb = plan_.width,
              .c = c,
              .ldc = args_.hidden,
              .add = false});
  }

  // factors[rows, lanes]: dropout's, which are drawn a head at a time.
  void draw(int64_t sequence, int64_t rows, float* factors) {
    for (int64_t h = 0; h < args_.heads; ++h) {
      const float* of_head = dropout_.factors(sequence * args_.heads + h, rows);
      for (int64_t j = 0; j < rows; ++j) factors[j * plan_.lanes + h] = of_head[j];
    }
  }

  const Plan<Args>& plan_;
  const Args& args_;

 private:
  DropoutRow dropout_;
};

template <class Number>
class Forward : public Work<AttentionPoolForwardArgs> {
 public:
  explicit Forward(const Plan<AttentionPoolForwardArgs>& plan) : Work(plan) {
    transposed_ = thread_scratch.floats(plan.width * plan.lanes + 2 * plan.matrix() +
                                        plan.longest * plan.width);
    scores_ = transposed_ + plan.width * plan.lanes;
    factors_ = scores_ + plan.matrix();
    rows_ = factors_ + plan.matrix();
  }

  void run(int64_t sequence) {
    const int64_t first = args_.offsets[sequence], rows = args_.offsets[sequence + 1] - first;
    const float* x = whole_rows(as<Number>(args_.x) + first * args_.hidden, rows, rows_);
    const int64_t head = sequence * args_.heads;
    multiply_by_heads(x, rows, args_.u + head * args_.hidden, args_.scale, transposed_, scores_);
    draw(sequence, rows, factors_);
    for (int64_t h = 0; h < args_.heads; h += kWidth) softmax(head, h, rows);
    sum_rows(scores_, x, rows, args_.z + head * args_.hidden);
  }

 private:
  // From scores to dropout(softmax(scores)) in place, of the heads from h on in a vector.
  void softmax(int64_t head, int64_t h, int64_t rows) const {
    const int64_t heads = args_.heads - h;
    Vec largest = broadcast(-__builtin_inff()), sum{}, mass{};
    for (int64_t j = 0; j < rows; ++j) {
      largest = vector_max(load(scores_ + j * plan_.lanes + h), largest);
    }
    for (int64_t j = 0; j < rows; ++j) {
      float* score = scores_ + j * plan_.lanes + h;
      const Vec e = exponential(load(score) - largest);
      const Vec kept = e * load(factors_ + j * plan_.lanes + h);
      sum += e;
      mass += kept;
      store(score, kept);
    }
    const Vec inverse = 1.0f / sum;
    for (int64_t j = 0; j < rows; ++j) {
      float* score = scores_ + j * plan_.lanes + h;
      store(score, load(score) * inverse);
    }
    store(args_.mass + head + h, mass * inverse, heads);
    if (args_.logsumexp == nullptr) return;
    for (int64_t i = 0; i < minimum(heads, kWidth); ++i) {
      args_.logsumexp[head + h + i] = largest[i] + __builtin_logf(sum[i]);
    }
  }

  float* transposed_;  // [hidden, lanes]: u, times scale
  float* scores_;      // [rows, lanes]
  float* factors_;     // [rows, lanes]
  float* rows_;        // [rows, width]
};

template <class Number>
class Backward : public Work<AttentionPoolBackwardArgs> {
 public:
  explicit Backward(const Plan<AttentionPoolBackwardArgs>& plan) : Work(plan) {
    transposed_ = thread_scratch.floats(plan.width * plan.lanes + 3 * plan.matrix() +
                                        (plan.longest + 2 * args_.heads) * plan.width);
    p_ = transposed_ + plan.width * plan.lanes;
    dscore_ = p_ + plan.matrix();
    factors_ = dscore_ + plan.matrix();
    rows_ = factors_ + plan.matrix();
    u_ = rows_ + plan.longest * plan.width;
    dz_ = u_ + args_.heads * plan.width;
  }

  void run(int64_t sequence) {
    const int64_t first = args_.offsets[sequence], rows = args_.offsets[sequence + 1] - first;
    const float* x = whole_rows(as<Number>(args_.x) + first * args_.hidden, rows, rows_);
    const int64_t head = sequence * args_.heads;
    const float *u = args_.u + head * args_.hidden, *dz = args_.dz + head * args_.hidden;
    multiply_by_heads(x, rows, u, args_.scale, transposed_, p_);
    multiply_by_heads(x, rows, dz, 1.0f, transposed_, dscore_);
    draw(sequence, rows, factors_);
    for (int64_t h = 0; h < args_.heads; h += kWidth) softmax_backward(head, h, rows);
    sum_rows(dscore_, x, rows, args_.du + head * args_.hidden);
    // x is no longer needed: its copy makes way for the gradient that is to be rounded.
    Number* const dx = as<Number>(args_.dx) + first * args_.hidden;
    float* of_floats = rows_;
    if constexpr (kIsFloat<Number>) of_floats = dx;
    const int64_t ld = kIsFloat<Number> ? args_.hidden : plan_.width;
    SmallProduct of_rows{.m = rows,
                         .n = args_.hidden,
                         .k = args_.heads,
                         .a = p_,
                         .lda = plan_.lanes,
                         .transpose_a = false,
                         .b = whole_rows(dz, args_.heads, dz_),
                         .ldb = plan_.width,
                         .c = of_floats,
                         .ldc = ld,
                         .add = false};
    multiply(of_rows);
    of_rows.a = dscore_;
    of_rows.b = whole_rows(u, args_.heads, u_);
    of_rows.add = true;
    multiply(of_rows);
    if constexpr (!kIsFloat<Number>)
      unpack(rows_, plan_.width, rows, args_.hidden, dx, args_.hidden);
  }

 private:
  // From scores to dropout(p) and from dz · x to scale * dscore, in place. The lanes beyond the
  // last head hold numbers that nobody reads.
  void softmax_backward(int64_t head, int64_t h, int64_t rows) const {
    const int64_t heads = args_.heads - h;
    const Vec logsumexp = load(args_.logsumexp + head + h, heads);
    const Vec dmass = load(args_.dmass + head + h, heads);
    Vec d{};
    for (int64_t j = 0; j < rows; ++j) {
      const int64_t at = j * plan_.lanes + h;
      const Vec p = exponential(load(p_ + at) - logsumexp);
      const Vec dp = load(factors_ + at) * (load(dscore_ + at) + dmass);
      d += p * dp;
      store(p_ + at, p);
      store(dscore_ + at, dp);
    }
    for (int64_t j = 0; j < rows; ++j) {
      const int64_t at = j * plan_.lanes + h;
      const Vec p = load(p_ + at);
      store(dscore_ + at, p * args_.scale * (load(dscore_ + at) - d));
      store(p_ + at, p * load(factors_ + at));
    }
  }

  float* transposed_;  // [hidden, lanes]: u, times scale, then dz
  float* p_;           // [rows, lanes]: scores, p, dropout(p)
  float* dscore_;      // [rows, lanes]: dz · x, dp, the gradient of score
  float* factors_;     // [rows, lanes]
  float* rows_;        // [rows, width]
  float *u_, *dz_;     // [heads, width]
};

template <class Worker, class Args>
void run_all(const Args& args) {
  const Plan<Args> plan(args);
#pragma omp parallel num_threads(plan.threads())
  {
    Worker worker(plan);
#pragma omp for schedule(dynamic)
    for (int64_t s = 0; s < args.sequences; ++s) worker.run(s);
  }
}

}  // namespace

void attention_pool_forward(const AttentionPoolForwardArgs& args, Stream) {
  with_number(args.x.precision, [&](auto number) { run_all<Forward<decltype(number)>>(args); });
}

void attention_pool_backward(const AttentionPoolBackwardArgs& args, Stream) {
  const int64_t used = args.sequences == 0 ? 0 : args.offsets[args.sequences];
  with_number(args.x.precision, [&](auto number) {
    using Number = decltype(number);
    run_all<Backward<Number>>(args);
    __builtin_memset(as<Number>(args.dx) + used * args.hidden, 0,
                     static_cast<uint64_t>((args.tokens - used) * args.hidden) * sizeof(Number));
  });
}

}  // namespace lathe::cpu::LATHE_ISA
