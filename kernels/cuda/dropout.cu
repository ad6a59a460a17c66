#include "kernels/cuda/dropout.h"
#include "kernels/cuda/ops.h"

namespace lathe::LATHE_CUDA {

namespace {

constexpr int kThreads = 256;

// One thread a quad, quads numbered over all rows.
__global__ void __launch_bounds__(kThreads)
    dropout_kernel(const float* x, float* y, int64_t rows, int64_t columns, Draw given) {
  const Draw draw = current(given);
  const int64_t quads_a_row = (columns + 63) / 64 * 16;
  const int64_t at = static_cast<int64_t>(blockIdx.x) * kThreads + threadIdx.x;
  const int64_t row = at / quads_a_row, counter = at % quads_a_row;
  if (row >= rows) return;
  const int64_t first = counter / 16 * 64 + counter % 16;
  float factors[kQuad];
  draw_quad(draw, static_cast<uint32_t>(counter), static_cast<uint32_t>(row), factors);
  LATHE_UNROLL
  for (int w = 0; w < kQuad; ++w) {
    const int64_t column = first + w * kQuadStride;
    if (column < columns) y[row * columns + column] = x[row * columns + column] * factors[w];
  }
}

}  // namespace

void dropout(const DropoutArgs& args, Stream stream) {
  const int64_t quads = args.rows * ((args.columns + 63) / 64 * 16);
  if (quads == 0) return;
  if (args.dropout.probability == 0.0f) {
    if (args.y == args.x) return;
    const auto bytes = static_cast<std::size_t>(args.rows * args.columns) * sizeof(float);
    return check(cudaMemcpyAsync(args.y, args.x, bytes, cudaMemcpyDeviceToDevice,
                                 static_cast<cudaStream_t>(stream)),
                 "dropout");
  }
  launch("dropout", dropout_kernel, static_cast<unsigned>(ceil_div(quads, kThreads)), kThreads, 0,
         stream, args.x, args.y, args.rows, args.columns, make_draw(args.dropout));
}

}  // namespace lathe::LATHE_CUDA
