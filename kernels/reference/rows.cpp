#include "kernels/reference/numbers.h"
#include "kernels/reference/ops.h"

namespace lathe::reference {

void gather_rows(const GatherRowsArgs& args, Stream) {
  for (int64_t i = 0; i < args.rows; ++i) {
    for (int64_t j = 0; j < args.columns; ++j) {
      put(args.y, i * args.columns + j, at(args.x, args.indices[i] * args.columns + j));
    }
  }
}

void scatter_add_rows(const ScatterAddRowsArgs& args, Stream) {
  for (int64_t i = 0; i < args.rows; ++i) {
    for (int64_t j = 0; j < args.columns; ++j) {
      const int64_t to = args.indices[i] * args.columns + j;
      put(args.y, to, at(args.y, to) + at(args.x, i * args.columns + j));
    }
  }
}

void zero(const ZeroArgs& args, Stream) {
  for (int64_t i = 0; i < args.count; ++i) {
    if (args.active_rows == nullptr || args.active_rows[i / args.row_size] != 0) args.x[i] = 0;
  }
}

}  // namespace lathe::reference
