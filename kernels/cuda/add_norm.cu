#include "kernels/cuda/layer_norm.h"
#include "kernels/cuda/ops.h"

namespace lathe::LATHE_CUDA {

namespace {

// A warp a row: every element is read once and written once.
template <int kQuads>
__global__ void __launch_bounds__(kRowThreads) forward_kernel(AddNormForwardArgs args, Draw draw) {
  const int64_t row = int64_t{blockIdx.x} * kRowWarps + threadIdx.x / kWarp;
  if (row >= args.rows) return;
  const int hidden = static_cast<int>(args.hidden);
  const int64_t at = row * hidden;
  const float *x = args.x + at, *residual = args.residual + at;
  Row<kQuads> sum(args.sum != nullptr ? args.sum + at : args.y + at);
  float factors[kQuad] = {1.0f, 1.0f, 1.0f, 1.0f};
  for_each_column<kQuads>(hidden, [&](int q, int w, int j) {
    if (draw.active && w == 0)
      draw_quad(draw, quad_counter(q), static_cast<uint32_t>(row), factors);
    sum.set(q, w, j, residual[j] + x[j] * factors[w]);
  });
  const RowStatistics statistics = row_statistics(sum, hidden, args.eps);
  for_each_column<kQuads>(hidden, [&](int q, int w, int j) {
    const float s = sum.get(q, w, j);
    if (args.sum != nullptr) args.sum[at + j] = s;
    args.y[at + j] = (s - statistics.mean) * statistics.rstd * args.gamma[j] + args.beta[j];
  });
  if (threadIdx.x % kWarp != 0) return;
  if (args.mean != nullptr) args.mean[row] = statistics.mean;
  if (args.rstd != nullptr) args.rstd[row] = statistics.rstd;
}

}  // namespace

void add_norm_forward(const AddNormForwardArgs& args, Stream stream) {
  if (args.rows == 0) return;
  with_quads(args.hidden, [&](auto quads) {
    launch("add_norm_forward", forward_kernel<quads>,
           static_cast<unsigned>(ceil_div(args.rows, kRowWarps)), kRowThreads, 0, stream, args,
           make_draw(args.dropout));
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
