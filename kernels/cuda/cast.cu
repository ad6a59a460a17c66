#include "kernels/cuda/numbers.h"
#include "kernels/cuda/ops.h"

namespace lathe::LATHE_CUDA {

namespace {

constexpr int kThreads = 256;
constexpr int kEach = 8;  // numbers of a thread: 16 bytes of bfloat16s

template <class From, class To>
__global__ void __launch_bounds__(kThreads)
    cast_kernel(const From* x, To* y, int64_t count, bool vectors) {
  const int64_t first = (int64_t{blockIdx.x} * kThreads + threadIdx.x) * kEach;
  if (vectors && first + kEach <= count) {
    float values[kEach];
    load_eight(x + first, values);
    store_eight(y + first, values);
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
