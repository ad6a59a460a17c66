#include "kernels/reference/ops.h"

namespace lathe::reference {

void gather_rows(const GatherRowsArgs& args, Stream) {
  for (int64_t i = 0; i < args.rows; ++i) {
    for (int64_t j = 0; j < args.columns; ++j) {
      args.y[i * args.columns + j] = args.x[args.indices[i] * args.columns + j];
    }
  }
}

void scatter_add_rows(const ScatterAddRowsArgs& args, Stream) {
  for (int64_t i = 0; i < args.rows; ++i) {
    for (int64_t j = 0; j < args.columns; ++j) {
      args.y[args.indices[i] * args.columns + j] += args.x[i * args.columns + j];
    }
  }
}

void zero(const ZeroArgs& args, Stream) {
  for (int64_t i = 0; i < args.count; ++i) {
    if (args.active_rows == nullptr || args.active_rows[i / args.row_size] != 0) args.x[i] = 0;
  }
}

}  // namespace lathe::reference
