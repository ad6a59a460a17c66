#include "kernels/cpu/dropout.h"
#include "kernels/cpu/layer_norm.h"
#include "kernels/cpu/ops.h"
#include "kernels/cpu/parallel.h"

namespace lathe::cpu::LATHE_ISA {

namespace {

template <class Number>
void forward_row(const AddNormForwardArgs& args, int64_t i, const float* factors) {
  const int64_t hidden = args.hidden, row = i * hidden;
  const Number *x = as<Number>(args.x) + row, *residual = as<Number>(args.residual) + row;
  Number* const y = as<Number>(args.y) + row;
  Number* const saved = args.sum.data != nullptr ? as<Number>(args.sum) + row : nullptr;
  float* const sum = place_of_sum(saved, y, hidden);
  for (int64_t j = 0; j < hidden; j += kWidth) {
    const int64_t lanes = hidden - j;
    const Vec total = load(residual + j, lanes) + load(x + j, lanes) * load(factors + j, lanes);
    if (!kIsFloat<Number> && saved != nullptr) store(saved + j, total, lanes);
    store(sum + j, total, lanes);
  }
  const auto [mean, rstd] = layer_norm_row(sum, args.gamma, args.beta, hidden, args.eps, y);
  if (args.mean != nullptr) args.mean[i] = mean;
  if (args.rstd != nullptr) args.rstd[i] = rstd;
}

template <class Number>
void backward_row(const AddNormBackwardArgs& args, int64_t i, const float* factors, float* dgamma,
                  float* dbeta) {
  const int64_t hidden = args.hidden, row = i * hidden;
  Number* dsum = as<Number>(args.dresidual) + row;
  layer_norm_backward_row(as<Number>(args.sum) + row, {args.mean[i], args.rstd[i]}, args.gamma,
                          as<Number>(args.dy) + row, hidden, dsum, dgamma, dbeta);
  if (args.dx.data == args.dresidual.data) return;
  Number* dx = as<Number>(args.dx) + row;
  for (int64_t j = 0; j < hidden; j += kWidth) {
    const int64_t lanes = hidden - j;
    store(dx + j, load(dsum + j, lanes) * load(factors + j, lanes), lanes);
  }
}

template <class Number>
void forward(const AddNormForwardArgs& args) {
#pragma omp parallel num_threads(threads_for(args.rows* args.hidden))
  {
    DropoutRow dropout(args.dropout, args.hidden);
#pragma omp for schedule(static)
    for (int64_t i = 0; i < args.rows; ++i)
      forward_row<Number>(args, i, dropout.factors(i, args.hidden));
  }
}

template <class Number>
void backward(const AddNormBackwardArgs& args) {
  const GammaBetaSums sums(args.rows, args.hidden);
#pragma omp parallel num_threads(threads_for(args.rows* args.hidden))
  {
    DropoutRow dropout(args.dropout, args.hidden);
#pragma omp for schedule(static)
    for (int64_t chunk = 0; chunk < sums.chunks(); ++chunk) {
      sums.clear(chunk);
      for (int64_t i = sums.first_row(chunk); i < sums.first_row(chunk + 1); ++i) {
        backward_row<Number>(args, i, dropout.factors(i, args.hidden), sums.dgamma(chunk),
                             sums.dbeta(chunk));
      }
    }
  }
  sums.add_to(args.dgamma, args.dbeta);
}

}  // namespace

void add_norm_forward(const AddNormForwardArgs& args, Stream) {
  with_number(args.y.precision, [&](auto number) { forward<decltype(number)>(args); });
}

void add_norm_backward(const AddNormBackwardArgs& args, Stream) {
  with_number(args.dy.precision, [&](auto number) { backward<decltype(number)>(args); });
}

}  // namespace lathe::cpu::LATHE_ISA
