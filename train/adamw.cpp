#include "train/adamw.h"

#include <algorithm>
#include <cmath>

namespace lathe {

namespace {

constexpr int64_t kAlignment = 16;  // floats in a cache line

int64_t padded(int64_t count) { return (count + kAlignment - 1) / kAlignment * kAlignment; }

int64_t padded_total(const ParameterStore& parameters) {
  int64_t total = 0;
  for (const Parameter& parameter : parameters.all()) total += padded(parameter.shape.count());
  return total;
}

bool all_zero(const float* values, int64_t count) {
  return std::all_of(values, values + count, [](float value) { return value == 0.0f; });
}

}  // namespace

bool has_weight_decay(const std::string& parameter_name) {
  return !parameter_name.ends_with("bias") && parameter_name.find("LayerNorm") == std::string::npos;
}

AdamW::AdamW(ParameterStore& parameters, const AdamWOptions& options)
    : parameters_(parameters),
      options_(options),
      memory_(2 * padded_total(parameters) * static_cast<int64_t>(sizeof(float)),
              "the moments of AdamW") {
  auto* next = reinterpret_cast<float*>(memory_.data());
  for (Parameter& parameter : parameters.all()) {
    const int64_t count = parameter.shape.count();
    const double decay = has_weight_decay(parameter.name) ? options.weight_decay : 0.0;
    ParameterSlice slice{};
    slice.value = parameter.value.f32();
    slice.gradient = parameter.gradient.f32();
    slice.m = next;
    slice.v = next + padded(count);
    slice.count = count;
    slice.weight_decay = static_cast<float>(decay);
    // A decayed row changes even where no token ever touched it.
    if (parameter.sparse_rows && decay == 0.0) {
      slice.row_size = parameter.shape[1];
      slice.active_rows = parameter.active_rows.data();
      memory_.expect_sparse_use(slice.m, 2 * padded(count) * static_cast<int64_t>(sizeof(float)));
    }
    slices_.push_back(slice);
    moments_.push_back({&parameter, Tensor(slice.m, DType::kF32, parameter.shape),
                        Tensor(slice.v, DType::kF32, parameter.shape)});
    next += 2 * padded(count);
  }
}

double AdamW::gradient_norm(const Context& context) const {
  double sum = 0.0;
  context.kernels.squared_norm({slices_.data(), static_cast<int64_t>(slices_.size()), &sum},
                               context.stream);
  return std::sqrt(sum);
}

void AdamW::step(const Context& context, double learning_rate, double grad_scale) {
  ++steps_;
  context.kernels.adamw({.slices = slices_.data(),
                         .slice_count = static_cast<int64_t>(slices_.size()),
                         .learning_rate = learning_rate,
                         .beta1 = options_.beta1,
                         .beta2 = options_.beta2,
                         .eps = options_.epsilon,
                         .step = steps_,
                         .grad_scale = static_cast<float>(grad_scale)},
                        context.stream);
}

void AdamW::restore(int64_t steps) {
  steps_ = steps;
  std::size_t index = 0;
  for (Parameter& parameter : parameters_.all()) {
    const ParameterSlice& slice = slices_[index++];
    if (!parameter.sparse_rows) continue;
    const int64_t columns = parameter.shape[1];
    for (std::size_t row = 0; row < parameter.active_rows.size(); ++row) {
      const int64_t start = static_cast<int64_t>(row) * columns;
      const bool untouched =
          all_zero(slice.m + start, columns) && all_zero(slice.v + start, columns);
      parameter.active_rows[row] = untouched ? 0 : 1;
    }
  }
}

double clip_factor(double norm, double max_norm) {
  return max_norm == 0.0 ? 1.0 : std::min(1.0, max_norm / (norm + 1e-6));
}

std::string first_non_finite_gradient(const ParameterStore& parameters) {
  for (const Parameter& parameter : parameters.all()) {
    const float* gradient = parameter.gradient.f32();
    const bool finite = std::all_of(gradient, gradient + parameter.shape.count(),
                                    [](float value) { return std::isfinite(value); });
    if (!finite) return parameter.name;
  }
  return "";
}

}  // namespace lathe
