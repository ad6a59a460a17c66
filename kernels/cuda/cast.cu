#include "kernels/cuda/numbers.h"
#include "kernels/cuda/ops.h"

namespace lathe::LATHE_CUDA {

namespace {

constexpr int kThreads = 256;
constexpr int kEach = 8;  // numbers of a thread: 16 bytes of bfloat16s

__device__ inline void load_eight(const float* x, float (&values)[kEach]) {
  const Vector<4> low = load_vector<4>(x), high = load_vector<4>(x + 4);
  LATHE_UNROLL
  for (int u = 0; u < 4; ++u) values[u] = low.x[u], values[4 + u] = high.x[u];
}
__device__ inline void write_all(float* y, const float (&x)[kEach]) {
  auto* vectors = reinterpret_cast<float4*>(y);
  vectors[0] = make_float4(x[0], x[1], x[2], x[3]);
  vectors[1] = make_float4(x[4], x[5], x[6], x[7]);
}
__device__ inline void write_all(Bf16* y, const float (&x)[kEach]) {
  int words[4];
  LATHE_UNROLL
  for (int u = 0; u < 4; ++u) words[u] = static_cast<int>(to_bf16_pair(x[2 * u], x[2 * u + 1]));
  *reinterpret_cast<int4*>(y) = {words[0], words[1], words[2], words[3]};
}

template <class From, class To>
__global__ void __launch_bounds__(kThreads)
    cast_kernel(const From* x, To* y, int64_t count, bool vectors) {
  const int64_t first = (int64_t{blockIdx.x} * kThreads + threadIdx.x) * kEach;
  if (vectors && first + kEach <= count) {
    float values[kEach];
    load_eight(x + first, values);
    write_all(y + first, values);
    return;
  }
  for (int64_t i = first; i < minimum(first + kEach, count); ++i) store(y + i, to_float(x[i]));
}

}  // namespace

void cast(const CastArgs& args, Stream stream) {
  if (args.count == 0) return;
  const bool vectors = aligned_to_16(args.x.data) && aligned_to_16(args.y.data);
  with_type(args.x.precision, [&](auto from) {
    with_type(args.y.precision, [&](auto to) {
      launch("cast", cast_kernel<decltype(from), decltype(to)>,
             static_cast<unsigned>(ceil_div(args.count, kThreads * kEach)), kThreads, 0, stream,
             as<decltype(from)>(args.x), as<decltype(to)>(args.y), args.count, vectors);
    });
  });
}

}  // namespace lathe::LATHE_CUDA
