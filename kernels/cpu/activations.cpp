#include "kernels/cpu/ops.h"
#include "kernels/cpu/parallel.h"

namespace lathe::cpu::LATHE_ISA {

void tanh_backward(const TanhBackwardArgs& args, Stream) {
#pragma omp parallel for schedule(static) num_threads(threads_for(args.count))
  for (int64_t i = 0; i < args.count; i += kWidth) {
    const int64_t lanes = args.count - i;
    const Vec y = load(args.y + i, lanes);
    store(args.dx + i, load(args.dy + i, lanes) * (1.0f - y * y), lanes);
  }
}

}  // namespace lathe::cpu::LATHE_ISA
