#include "nn/cast.h"

namespace lathe {

Tensor cast(Context& context, const Tensor& x, DType dtype) {
  if (x.dtype() == dtype) return x;
  const Tensor y = context.arena.allocate(dtype, x.shape());
  context.kernels.cast({.x = x.numbers(), .y = y.numbers(), .count = x.count()}, context.stream);
  return y;
}

}  // namespace lathe
