#include "kernels/reference/ops.h"

namespace lathe::reference {

void tanh_backward(const TanhBackwardArgs& args, Stream) {
  for (int64_t i = 0; i < args.count; ++i) {
    const double y = args.y[i];
    args.dx[i] = static_cast<float>(args.dy[i] * (1 - y * y));
  }
}

}  // namespace lathe::reference
