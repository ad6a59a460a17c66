#include "kernels/cuda/layer_norm.h"
#include "kernels/cuda/ops.h"

namespace lathe::LATHE_CUDA {

namespace {

// A warp a row: every element is read once and written once.
template <class T, int kSteps, Rows kRows>
__global__ void __launch_bounds__(kRowThreads) forward_kernel(AddNormForwardArgs args, Draw given) {
  const int64_t row = int64_t{blockIdx.x} * kRowWarps + threadIdx.x / kWarp;
  if (row >= args.rows) return;
  const int hidden = static_cast<int>(args.hidden);
  const int64_t at = row * hidden;
  const bool saves = args.sum.data != nullptr;
  const LoadedRow<T, kSteps, kRows> x({as<T>(args.x) + at, hidden});
  const LoadedRow<T, kSteps, kRows> residual({as<T>(args.residual) + at, hidden});
  const MemoryRow<T, kRows> y{as<T>(args.y) + at, hidden};
  const MemoryRow<T, kRows> saved{saves ? as<T>(args.sum) + at : y.data, hidden};
  Row<T, kSteps, kRows> sum(saved);
  const Draw draw = current(given);
  Factors<T> factors;
  keep_all<T>(factors);
  for_each_group<T, kSteps, kRows>(hidden, [&](int step, int w, int j) {
    if (draw.active && w == 0) draw_step<T>(draw, step, row, factors);
    Group<T> s, dropped;
    residual.get(step, w, j, s), x.get(step, w, j, dropped);
    LATHE_UNROLL
    for (int u = 0; u < kGroup<T>; ++u) s[u] += dropped[u] * factors[u][w];
    sum.set(step, w, j, s);
  });
  const RowStatistics statistics = row_statistics(sum, hidden, args.eps);
  for_each_group<T, kSteps, kRows>(hidden, [&](int step, int w, int j) {
    Group<T> s, gamma, beta;
    sum.get(step, w, j, s);
    if (saves) saved.store(j, s);
    load_group(args.gamma + j, hidden - j, kInVectors<kRows>, gamma);
    load_group(args.beta + j, hidden - j, kInVectors<kRows>, beta);
    LATHE_UNROLL
    for (int u = 0; u < kGroup<T>; ++u) {
      s[u] = (s[u] - statistics.mean) * statistics.rstd * gamma[u] + beta[u];
    }
    y.store(j, s);
  });
  if (threadIdx.x % kWarp != 0) return;
  if (args.mean != nullptr) args.mean[row] = statistics.mean;
  if (args.rstd != nullptr) args.rstd[row] = statistics.rstd;
}

}  // namespace

void add_norm_forward(const AddNormForwardArgs& args, Stream stream) {
  if (args.rows == 0) return;
  const bool vectors = groups_are_whole(args.hidden, {args.x.data, args.residual.data, args.y.data,
                                                      args.sum.data}) &&
                       pairs_are_aligned({args.gamma, args.beta});
  with_type(args.x.precision, [&](auto zero) {
    using T = decltype(zero);
    with_steps<T>(args.hidden, vectors, [&](auto steps, auto rows) {
      launch("add_norm_forward", forward_kernel<T, steps, rows>,
             static_cast<unsigned>(ceil_div(args.rows, kRowWarps)), kRowThreads, 0, stream, args,
             make_draw(args.dropout));
    });
  });
}

void add_norm_backward(const AddNormBackwardArgs& args, Stream stream) {
  LayerNormBackward norm{};
  norm.rows = args.rows, norm.hidden = static_cast<int>(args.hidden);
  norm.gamma = args.gamma, norm.sum = args.sum, norm.mean = args.mean, norm.rstd = args.rstd;
  norm.dy = args.dy, norm.dsum = args.dresidual, norm.dx = args.dx;
  norm.dgamma = args.dgamma, norm.dbeta = args.dbeta;
  norm.output_dropout = make_draw(args.dropout);
  layer_norm_backward(norm, stream, "add_norm_backward");
}

}  // namespace lathe::LATHE_CUDA
