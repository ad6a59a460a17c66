#include "kernels/cpu/dropout.h"
#include "kernels/cpu/layer_norm.h"
#include "kernels/cpu/ops.h"
#include "kernels/cpu/parallel.h"

namespace lathe::cpu::LATHE_ISA {

namespace {

// Columns of the tables that one thread adds to at a time: two cache lines.
constexpr int64_t kColumnsPerSlice = 32;

// y may be x.
template <class From, class To>
void multiply_row(const From* x, const float* factors, int64_t columns, To* y) {
  for (int64_t j = 0; j < columns; j += kWidth) {
    const int64_t lanes = columns - j;
    store(y + j, load(x + j, lanes) * load(factors + j, lanes), lanes);
  }
}

template <class Number>
void forward_token(const EmbeddingForwardArgs& args, int64_t t, DropoutRow& dropout) {
  const int64_t hidden = args.hidden;
  const float* word = args.word + args.ids[t] * hidden;
  const float* position = args.position + args.positions[t] * hidden;
  const float* type = args.type + args.types[t] * hidden;
  Number* const y = as<Number>(args.y) + t * hidden;
  Number* const saved = args.sum.data != nullptr ? as<Number>(args.sum) + t * hidden : nullptr;
  float *const sum = place_of_sum(saved, y, hidden), *normalised = sum;
  if constexpr (kIsFloat<Number>) normalised = y;
  for (int64_t j = 0; j < hidden; j += kWidth) {
    const int64_t lanes = hidden - j;
    const Vec total = load(word + j, lanes) + load(position + j, lanes) + load(type + j, lanes);
    if (!kIsFloat<Number> && saved != nullptr) store(saved + j, total, lanes);
    store(sum + j, total, lanes);
  }
  const auto [mean, rstd] =
      layer_norm_row(sum, args.gamma, args.beta, hidden, args.eps, normalised);
  if (args.mean != nullptr) args.mean[t] = mean;
  if (args.rstd != nullptr) args.rstd[t] = rstd;
  if (kIsFloat<Number> && args.dropout.probability == 0.0f) return;
  multiply_row(normalised, dropout.factors(t, hidden), hidden, y);
}

template <class Number>
void backward_token(const EmbeddingBackwardArgs& args, int64_t t, const float* factors,
                    float* dgamma, float* dbeta) {
  const int64_t hidden = args.hidden;
  Number* const dsum = as<Number>(args.dsum) + t * hidden;
  float* row;
  if constexpr (kIsFloat<Number>) {
    row = dsum;
  } else {
    row = row_of_floats(hidden);
  }
  multiply_row(as<Number>(args.dy) + t * hidden, factors, hidden, row);
  layer_norm_backward_row(as<Number>(args.sum) + t * hidden, {args.mean[t], args.rstd[t]},
                          args.gamma, row, hidden, row, dgamma, dbeta);
  if constexpr (!kIsFloat<Number>) {
    for (int64_t j = 0; j < hidden; j += kWidth)
      store(dsum + j, load(row + j, hidden - j), hidden - j);
  }
}

void add_to(float* total, Vec x, int64_t lanes) { store(total, load(total, lanes) + x, lanes); }

// Adds the tokens' gradients to the tables, for a slice of the columns, in the order of the tokens.
// No two threads share an element, so no sorting and no atomics.
template <class Number>
void add_to_tables(const EmbeddingBackwardArgs& args, int64_t first, int64_t last) {
  for (int64_t t = 0; t < args.tokens; ++t) {
    const Number* dsum = as<Number>(args.dsum) + t * args.hidden;
    float* dword = args.dword + args.ids[t] * args.hidden;
    float* dposition = args.dposition + args.positions[t] * args.hidden;
    float* dtype = args.dtype + args.types[t] * args.hidden;
    for (int64_t j = first; j < last; j += kWidth) {
      const int64_t lanes = last - j;
      const Vec gradient = load(dsum + j, lanes);
      add_to(dword + j, gradient, lanes);
      add_to(dposition + j, gradient, lanes);
      add_to(dtype + j, gradient, lanes);
    }
  }
}

template <class Number>
void forward(const EmbeddingForwardArgs& args) {
#pragma omp parallel num_threads(threads_for(args.tokens* args.hidden))
  {
    DropoutRow dropout(args.dropout, args.hidden);
#pragma omp for schedule(static)
    for (int64_t t = 0; t < args.tokens; ++t) forward_token<Number>(args, t, dropout);
  }
}

template <class Number>
void backward(const EmbeddingBackwardArgs& args) {
  const int64_t hidden = args.hidden;
  const GammaBetaSums sums(args.tokens, hidden);
#pragma omp parallel num_threads(threads_for(args.tokens* hidden))
  {
    DropoutRow dropout(args.dropout, hidden);
#pragma omp for schedule(static)
    for (int64_t chunk = 0; chunk < sums.chunks(); ++chunk) {
      sums.clear(chunk);
      for (int64_t t = sums.first_row(chunk); t < sums.first_row(chunk + 1); ++t) {
        backward_token<Number>(args, t, dropout.factors(t, hidden), sums.dgamma(chunk),
                               sums.dbeta(chunk));
      }
    }
#pragma omp for schedule(static)
    for (int64_t first = 0; first < hidden; first += kColumnsPerSlice) {
      add_to_tables<Number>(args, first, minimum(first + kColumnsPerSlice, hidden));
    }
  }
  sums.add_to(args.dgamma, args.dbeta);
  if (args.word_touched == nullptr) return;
  for (int64_t t = 0; t < args.tokens; ++t) args.word_touched[args.ids[t]] = 1;
}

}  // namespace

void embedding_forward(const EmbeddingForwardArgs& args, Stream) {
  with_number(args.y.precision, [&](auto number) { forward<decltype(number)>(args); });
}

void embedding_backward(const EmbeddingBackwardArgs& args, Stream) {
  with_number(args.dy.precision, [&](auto number) { backward<decltype(number)>(args); });
}

}  // namespace lathe::cpu::LATHE_ISA
