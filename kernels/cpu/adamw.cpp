#include "kernels/cpu/ops.h"
#include "kernels/cpu/parallel.h"
#include "kernels/cpu/slices.h"

namespace lathe::cpu::LATHE_ISA {

namespace {

// AdamWArgs with everything that does not depend on the element worked out.
struct Update {
  float grad_scale, beta1, one_minus_beta1, beta2, one_minus_beta2, eps;
  float rate, variance_scale;
};

Update make_update(const AdamWArgs& args, const AdamWStep& step, double norm) {
  const double clip = args.max_norm / (norm + 1e-6);
  Update u;
  u.grad_scale = args.max_norm > 0 && clip < 1 ? static_cast<float>(clip) : 1.0f;
  u.beta1 = static_cast<float>(args.beta1);
  u.one_minus_beta1 = static_cast<float>(1 - args.beta1);
  u.beta2 = static_cast<float>(args.beta2);
  u.one_minus_beta2 = static_cast<float>(1 - args.beta2);
  u.eps = static_cast<float>(args.eps);
  u.rate = static_cast<float>(step.rate);
  u.variance_scale = static_cast<float>(step.variance_scale);
  return u;
}

template <bool kRounds>
void update_elements(const Update& u, const ParameterSlice& slice, float decay, int64_t first,
                     int64_t count) {
  for (int64_t i = first; i < first + count; i += kWidth) {
    const int64_t lanes = first + count - i;
    const Vec g = load(slice.gradient + i, lanes) * u.grad_scale;
    const Vec m = load(slice.m + i, lanes) * u.beta1 + g * u.one_minus_beta1;
    const Vec v = load(slice.v + i, lanes) * u.beta2 + g * g * u.one_minus_beta2;
    const Vec divisor = square_root(v) * u.variance_scale + u.eps;
    const Vec value = load(slice.value + i, lanes);
    const Vec updated = value - value * decay - u.rate * m / divisor;
    store(slice.value + i, updated, lanes);
    if constexpr (kRounds) store(reinterpret_cast<Bfloat16*>(slice.rounded) + i, updated, lanes);
    store(slice.m + i, m, lanes);
    store(slice.v + i, v, lanes);
    store(slice.gradient + i, Vec{}, lanes);
  }
}

void update_run(const Update& u, const ParameterSlice& slice, float decay, int64_t first,
                int64_t count) {
  if (slice.rounded != nullptr) return update_elements<true>(u, slice, decay, first, count);
  update_elements<false>(u, slice, decay, first, count);
}

}  // namespace

void adamw(const AdamWArgs& args, Stream) {
  const double norm = __builtin_sqrt(*args.squared_norm);
  if (!__builtin_isfinite(norm)) return;
  const AdamWStep step = args.step_at != nullptr ? *args.step_at : args.step;
  const Update u = make_update(args, step, norm);
#pragma omp parallel num_threads(threads_for(chunk_count(args.slices, args.slice_count) * kChunk))
  for_each_chunk(args.slices, args.slice_count, omp_get_thread_num(), omp_get_num_threads(),
                 [&](int64_t, const ParameterSlice& slice, int64_t first, int64_t last) {
                   const float decay = static_cast<float>(step.learning_rate * slice.weight_decay);
                   const auto run = [&](int64_t start, int64_t count) {
                     update_run(u, slice, decay, start, count);
                   };
                   // Decay changes rows that have no gradient and no moments too.
                   if (decay != 0.0f) return run(first, last - first);
                   for_each_active_run(slice, first, last, run);
                 });
}

}  // namespace lathe::cpu::LATHE_ISA
