#include <algorithm>
#include <cmath>

#include "kernels/bfloat16.h"
#include "kernels/reference/ops.h"

namespace lathe::reference {

namespace {

void update(const AdamWArgs& args, const AdamWStep& step, double grad_scale,
            const ParameterSlice& slice, int64_t i) {
  const double g = grad_scale * slice.gradient[i];
  const double m = args.beta1 * slice.m[i] + (1 - args.beta1) * g;
  const double v = args.beta2 * slice.v[i] + (1 - args.beta2) * g * g;
  const double decayed = slice.value[i] * (1 - step.learning_rate * slice.weight_decay);
  const double divisor = std::sqrt(v) * step.variance_scale + args.eps;
  slice.value[i] = static_cast<float>(decayed - step.rate * m / divisor);
  slice.m[i] = static_cast<float>(m);
  slice.v[i] = static_cast<float>(v);
  if (slice.rounded != nullptr) slice.rounded[i] = to_bfloat16(slice.value[i]);
  slice.gradient[i] = 0;
}

}  // namespace

void adamw(const AdamWArgs& args, Stream) {
  const double norm = std::sqrt(*args.squared_norm);
  if (!std::isfinite(norm)) return;
  const double scale = args.max_norm > 0 ? std::min(1.0, args.max_norm / (norm + 1e-6)) : 1.0;
  const AdamWStep& step = args.step_at != nullptr ? *args.step_at : args.step;
  for (int64_t s = 0; s < args.slice_count; ++s) {
    for (int64_t i = 0; i < args.slices[s].count; ++i) update(args, step, scale, args.slices[s], i);
  }
}

}  // namespace lathe::reference
