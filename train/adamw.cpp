#include "train/adamw.h"

#include <algorithm>
#include <cmath>

#include "base/error.h"
#include "tensor/host_copy.h"

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
      rounds_(parameters.rounded()),
      memory_(2 * padded_total(parameters) * static_cast<int64_t>(sizeof(float)),
              "the moments of AdamW", parameters.device()),
      squared_norm_(sizeof(double), "a norm", parameters.device()) {
  std::vector<ParameterSlice> slices;
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
    slice.rounded = static_cast<uint16_t*>(parameter.rounded.data());
    slice.weight_decay = static_cast<float>(decay);
    // A decayed row changes even where no token ever touched it.
    if (parameter.sparse_rows && decay == 0.0) {
      slice.row_size = parameter.shape[1];
      slice.active_rows = parameter.active_rows.u8();
      const int64_t bytes = count * static_cast<int64_t>(sizeof(float));
      memory_.expect_sparse_use(slice.m, bytes);
      memory_.expect_sparse_use(slice.v, bytes);
    }
    slices.push_back(slice);
    moments_.push_back({&parameter, Tensor(slice.m, DType::kF32, parameter.shape),
                        Tensor(slice.v, DType::kF32, parameter.shape)});
    next += 2 * padded(count);
  }
  slice_count_ = std::ssize(slices);
  chunks_ = number_chunks(slices.data(), slice_count_);
  const auto bytes = slice_count_ * static_cast<int64_t>(sizeof(ParameterSlice));
  slices_ = Buffer(bytes, "the list of parameters", parameters.device());
  parameters.device().upload(slices_.data(), slices.data(), bytes);
}

const double* AdamW::squared_gradient_norm() const {
  return reinterpret_cast<const double*>(squared_norm_.data());
}

double AdamW::gradient_norm() const {
  double squared = 0.0;
  device().download(&squared, squared_norm_.data(), sizeof squared);
  return std::sqrt(squared);
}

void AdamW::step(const Context& context, double learning_rate, double max_grad_norm) {
  ask(context, begin_step(learning_rate), nullptr, max_grad_norm);
}

AdamWStep AdamW::begin_step(double learning_rate) {
  return adamw_step(learning_rate, options_.beta1, options_.beta2, ++steps_);
}

void AdamW::update(const Context& context, const AdamWStep* step, double max_grad_norm) const {
  ask(context, {}, step, max_grad_norm);
}

void AdamW::ask(const Context& context, const AdamWStep& step, const AdamWStep* step_at,
                double max_grad_norm) const {
  if (parameters_.rounded() != rounds_) fail("AdamW is of before the parameters were rounded");
  const auto* slices = reinterpret_cast<const ParameterSlice*>(slices_.data());
  auto* squared_norm = reinterpret_cast<double*>(squared_norm_.data());
  context.kernels.squared_norm({slices, slice_count_, chunks_, squared_norm}, context.stream);
  context.kernels.adamw({.slices = slices,
                         .slice_count = slice_count_,
                         .chunks = chunks_,
                         .beta1 = options_.beta1,
                         .beta2 = options_.beta2,
                         .eps = options_.epsilon,
                         .step = step,
                         .squared_norm = squared_norm,
                         .max_norm = max_grad_norm,
                         .step_at = step_at},
                        context.stream);
}

void AdamW::restore(int64_t steps) {
  steps_ = steps;
  for (const Moments& moments : moments_) {
    const Parameter& parameter = *moments.parameter;
    if (!parameter.sparse_rows) continue;
    const HostCopy m(device(), moments.first), v(device(), moments.second);
    HostCopy active_rows(device(), parameter.active_rows);
    const int64_t columns = parameter.shape[1];
    for (int64_t row = 0; row < parameter.shape[0]; ++row) {
      const int64_t start = row * columns;
      const bool untouched =
          all_zero(m.f32() + start, columns) && all_zero(v.f32() + start, columns);
      active_rows.u8()[row] = untouched ? 0 : 1;
    }
    active_rows.write_back();
  }
}

std::string first_non_finite_gradient(const ParameterStore& parameters) {
  for (const Parameter& parameter : parameters.all()) {
    const HostCopy copy(parameters.device(), parameter.gradient);
    const float* gradient = copy.f32();
    const bool finite = std::all_of(gradient, gradient + parameter.shape.count(),
                                    [](float value) { return std::isfinite(value); });
    if (!finite) return parameter.name;
  }
  return "";
}

}  // namespace lathe
