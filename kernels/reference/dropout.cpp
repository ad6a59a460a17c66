#include "kernels/dropout.h"

#include "kernels/reference/ops.h"

namespace lathe::reference {

void dropout(const DropoutArgs& args, Stream) {
  for (int64_t i = 0; i < args.rows; ++i) {
    for (int64_t j = 0; j < args.columns; ++j) {
      const int64_t at = i * args.columns + j;
      args.y[at] = args.x[at] * dropout_factor(args.dropout, i, j);
    }
  }
}

}  // namespace lathe::reference
