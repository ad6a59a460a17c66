#include "kernels/cuda/ops.h"

namespace lathe::LATHE_CUDA {

namespace {

constexpr int kThreads = 256;

__device__ inline float derivative(float y, float dy) { return dy * (1.0f - y * y); }

// Four elements a thread when `vectors`, which asks for alignment; the last block has the rest.
template <bool vectors>
__global__ void __launch_bounds__(kThreads)
    tanh_backward_kernel(const float* y, const float* dy, float* dx, int64_t count) {
  const int64_t thread = static_cast<int64_t>(blockIdx.x) * kThreads + threadIdx.x;
  if (!vectors) {
    if (thread < count) dx[thread] = derivative(y[thread], dy[thread]);
    return;
  }
  const int64_t first = thread * 4;
  if (first + 4 <= count) {
    const float4 a = *reinterpret_cast<const float4*>(y + first);
    const float4 b = *reinterpret_cast<const float4*>(dy + first);
    *reinterpret_cast<float4*>(dx + first) = make_float4(
        derivative(a.x, b.x), derivative(a.y, b.y), derivative(a.z, b.z), derivative(a.w, b.w));
    return;
  }
  for (int64_t i = first; i < count; ++i) dx[i] = derivative(y[i], dy[i]);
}

}  // namespace

void tanh_backward(const TanhBackwardArgs& args, Stream stream) {
  if (args.count == 0) return;
  const bool vectors = aligned_to_16(args.y) && aligned_to_16(args.dy) && aligned_to_16(args.dx);
  const int64_t blocks = ceil_div(args.count, vectors ? 4 * kThreads : kThreads);
  launch("tanh_backward", vectors ? tanh_backward_kernel<true> : tanh_backward_kernel<false>,
         static_cast<unsigned>(blocks), kThreads, 0, stream, args.y, args.dy, args.dx, args.count);
}

}  // namespace lathe::LATHE_CUDA
