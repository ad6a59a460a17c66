#include "kernels/reference/numbers.h"
#include "kernels/reference/ops.h"

namespace lathe::reference {

void cast(const CastArgs& args, Stream) {
  for (int64_t i = 0; i < args.count; ++i) put(args.y, i, at(args.x, i));
}

}  // namespace lathe::reference
