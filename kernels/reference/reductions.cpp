#include "kernels/reference/ops.h"

namespace lathe::reference {

void sum(const SumArgs& args, Stream) {
  double total = 0;
  for (int64_t i = 0; i < args.count; ++i) total += args.x[i];
  *args.sum = args.accumulate ? *args.sum + total : total;
}

void squared_norm(const SquaredNormArgs& args, Stream) {
  double sum = 0;
  for (int64_t s = 0; s < args.slice_count; ++s) {
    const ParameterSlice& slice = args.slices[s];
    for (int64_t i = 0; i < slice.count; ++i) {
      sum += static_cast<double>(slice.gradient[i]) * slice.gradient[i];
    }
  }
  *args.sum = sum;
}

}  // namespace lathe::reference
