#include "kernels/cpu/dropout.h"
#include "kernels/cpu/layer_norm.h"
#include "kernels/cpu/ops.h"
#include "kernels/cpu/parallel.h"

namespace lathe::cpu::LATHE_ISA {

namespace {

void forward_row(const AddNormForwardArgs& args, int64_t i, const float* factors) {
  const int64_t hidden = args.hidden, row = i * hidden;
  // Without a place to save the sum, it is made where y will stand.
  float* sum = (args.sum != nullptr ? args.sum : args.y) + row;
  for (int64_t j = 0; j < hidden; j += kWidth) {
    const int64_t lanes = hidden - j;
    const Vec dropped = load(args.x + row + j, lanes) * load(factors + j, lanes);
    store(sum + j, load(args.residual + row + j, lanes) + dropped, lanes);
  }
  const auto [mean, rstd] =
      layer_norm_row(sum, args.gamma, args.beta, hidden, args.eps, args.y + row);
  if (args.mean != nullptr) args.mean[i] = mean;
  if (args.rstd != nullptr) args.rstd[i] = rstd;
}

void backward_row(const AddNormBackwardArgs& args, int64_t i, const float* factors, float* dgamma,
                  float* dbeta) {
  const int64_t hidden = args.hidden, row = i * hidden;
  float* dsum = args.dresidual + row;
  layer_norm_backward_row(args.sum + row, {args.mean[i], args.rstd[i]}, args.gamma, args.dy + row,
                          hidden, dsum, dgamma, dbeta);
  if (args.dx == args.dresidual) return;
  for (int64_t j = 0; j < hidden; j += kWidth) {
    const int64_t lanes = hidden - j;
    store(args.dx + row + j, load(dsum + j, lanes) * load(factors + j, lanes), lanes);
  }
}

}  // namespace

void add_norm_forward(const AddNormForwardArgs& args, Stream) {
#pragma omp parallel num_threads(threads_for(args.rows* args.hidden))
  {
    DropoutRow dropout(args.dropout, args.hidden);
#pragma omp for schedule(static)
    for (int64_t i = 0; i < args.rows; ++i) forward_row(args, i, dropout.factors(i, args.hidden));
  }
}

void add_norm_backward(const AddNormBackwardArgs& args, Stream) {
  const GammaBetaSums sums(args.rows, args.hidden);
#pragma omp parallel num_threads(threads_for(args.rows* args.hidden))
  {
    DropoutRow dropout(args.dropout, args.hidden);
#pragma omp for schedule(static)
    for (int64_t chunk = 0; chunk < sums.chunks(); ++chunk) {
      sums.clear(chunk);
      for (int64_t i = sums.first_row(chunk); i < sums.first_row(chunk + 1); ++i) {
        backward_row(args, i, dropout.factors(i, args.hidden), sums.dgamma(chunk),
                     sums.dbeta(chunk));
      }
    }
  }
  sums.add_to(args.dgamma, args.dbeta);
}

}  // namespace lathe::cpu::LATHE_ISA
