// An activation as floats or as bfloat16s.
#pragma once

#include "tensor/context.h"

namespace lathe {

// x itself where it is of that dtype, else a copy in the arena.
Tensor cast(Context& context, const Tensor& x, DType dtype);

}  // namespace lathe
