#include "kernels/cuda/numbers.h"
#include "kernels/cuda/ops.h"
#include "kernels/cuda/slices.h"

namespace lathe::LATHE_CUDA {

namespace {

// The factors of an update, as floats.
struct Update {
  float beta1, one_minus_beta1, beta2, one_minus_beta2, eps;
  float rate, variance_scale;  // of the step
};

Update make_update(const AdamWArgs& args) {
  return {static_cast<float>(args.beta1),
          static_cast<float>(1 - args.beta1),
          static_cast<float>(args.beta2),
          static_cast<float>(1 - args.beta2),
          static_cast<float>(args.eps),
          0.0f,
          0.0f};
}

__device__ inline void update_element(const Update& u, float decay, float g, float& value, float& m,
                                      float& v) {
  m = m * u.beta1 + g * u.one_minus_beta1;
  v = v * u.beta2 + g * g * u.one_minus_beta2;
  value = value - value * decay - u.rate * m / (sqrtf(v) * u.variance_scale + u.eps);
}

__device__ inline float4& as_vector(float* x) { return *reinterpret_cast<float4*>(x); }

// Reads value, gradient, m and v once and writes them once.
__global__ void __launch_bounds__(kSliceThreads)
    adamw_kernel(const ParameterSlice* slices, int64_t count, const double* squared_norm,
                 double max_norm, Update u, AdamWStep step, const AdamWStep* step_at) {
  const double norm = sqrt(*squared_norm);
  if (!(norm < INFINITY)) return;  // nor when it is not a number
  const double clip = max_norm / (norm + 1e-6);
  const float scale = max_norm > 0 && clip < 1 ? static_cast<float>(clip) : 1.0f;
  if (step_at != nullptr) step = *step_at;
  u.rate = static_cast<float>(step.rate);
  u.variance_scale = static_cast<float>(step.variance_scale);
  ParameterSlice slice = slice_of_chunk(slices, count, blockIdx.x);
  const int64_t first = (blockIdx.x - slice.first_chunk) * kSliceChunk;
  const float decay = static_cast<float>(step.learning_rate * slice.weight_decay);
  // Decay changes rows that have no gradient and no moments too.
  if (slice.weight_decay != 0.0f) slice.active_rows = nullptr;
  if (takes_vectors(slice)) {
    for_each_element<4>(slice, first, [&](int64_t i) {
      const float4 g = as_vector(slice.gradient + i);
      float4 value = as_vector(slice.value + i);
      float4 m = as_vector(slice.m + i), v = as_vector(slice.v + i);
      update_element(u, decay, g.x * scale, value.x, m.x, v.x);
      update_element(u, decay, g.y * scale, value.y, m.y, v.y);
      update_element(u, decay, g.z * scale, value.z, m.z, v.z);
      update_element(u, decay, g.w * scale, value.w, m.w, v.w);
      as_vector(slice.value + i) = value;
      as_vector(slice.m + i) = m, as_vector(slice.v + i) = v;
      if (slice.rounded != nullptr) {
        *reinterpret_cast<uint2*>(slice.rounded + i) = {to_bf16_pair(value.x, value.y),
                                                        to_bf16_pair(value.z, value.w)};
      }
      as_vector(slice.gradient + i) = make_float4(0.0f, 0.0f, 0.0f, 0.0f);
    });
    return;
  }
  for_each_element<1>(slice, first, [&](int64_t i) {
    update_element(u, decay, slice.gradient[i] * scale, slice.value[i], slice.m[i], slice.v[i]);
    if (slice.rounded != nullptr) {
      slice.rounded[i] = static_cast<uint16_t>(to_bf16_pair(slice.value[i], 0.0f));
    }
    slice.gradient[i] = 0.0f;
  });
}

}  // namespace

void adamw(const AdamWArgs& args, Stream stream) {
  if (args.chunks == 0) return;
  launch("adamw", adamw_kernel, static_cast<unsigned>(args.chunks), kSliceThreads, 0, stream,
         args.slices, args.slice_count, args.squared_norm, args.max_norm, make_update(args),
         args.step, args.step_at);
}

}  // namespace lathe::LATHE_CUDA
