#include "nn/parameter.h"

#include <algorithm>
#include <utility>

#include "base/error.h"
#include "tensor/host_copy.h"

namespace lathe {

namespace {

constexpr int64_t kAlignment = 64;  // bytes: a cache line

// FNV-1a: a stream of random numbers of its own for every parameter's name.
uint64_t hash_of(const std::string& name) {
  uint64_t hash = 0xcbf29ce484222325u;
  for (const char c : name) hash = (hash ^ static_cast<unsigned char>(c)) * 0x100000001b3u;
  return hash;
}

// One matrix (or vector) over the memory of neighbouring tensors.
Tensor joined(const std::vector<Parameter*>& parts, Tensor Parameter::*member) {
  const Tensor& first = parts.front()->*member;
  if (parts.size() == 1) return first;
  const int64_t count = static_cast<int64_t>(parts.size());
  const Shape& shape = parts.front()->shape;
  if (shape.rank() == 1) return Tensor(first.data(), first.dtype(), {count * shape[0]});
  return Tensor(first.data(), first.dtype(), {count * shape[0], shape[1]});
}

}  // namespace

Tensor ParameterGroup::value() const { return joined(parts_, &Parameter::value); }

Tensor ParameterGroup::gradient() const { return joined(parts_, &Parameter::gradient); }

Tensor ParameterGroup::rounded() const { return joined(parts_, &Parameter::rounded); }

ParameterGroup ParameterGroup::slice(std::size_t first, std::size_t count) const {
  const auto begin = parts_.begin() + static_cast<std::ptrdiff_t>(first);
  return ParameterGroup({begin, begin + static_cast<std::ptrdiff_t>(count)});
}

Parameter& ParameterStore::add(const std::string& name, const Shape& shape, Initializer initializer,
                               bool sparse_rows) {
  if (find(name) != nullptr) fail("the parameter ", name, " is declared twice");
  parameters_.push_back({name, shape, initializer, sparse_rows, {}, {}, {}, {}});
  starts_group_.push_back(true);
  return parameters_.back();
}

ParameterGroup ParameterStore::add_group(const std::vector<std::string>& names, const Shape& shape,
                                         Initializer initializer) {
  std::vector<Parameter*> parts;
  for (const std::string& name : names) {
    parts.push_back(&add(name, shape, initializer));
    starts_group_.back() = parts.size() == 1;
  }
  return ParameterGroup(std::move(parts));
}

std::vector<int64_t> ParameterStore::offsets() const {
  std::vector<int64_t> offsets;
  int64_t end = 0;
  for (std::size_t i = 0; i < parameters_.size(); ++i) {
    if (starts_group_[i]) end = (end + kAlignment - 1) / kAlignment * kAlignment;
    offsets.push_back(end);
    end += parameters_[i].shape.count() * size_of(DType::kF32);
  }
  offsets.push_back(end);
  return offsets;
}

int64_t ParameterStore::bytes_per_copy() const { return offsets().back(); }

std::size_t ParameterStore::first_rounded() const {
  std::size_t first = parameters_.size();
  while (first > 0 && !parameters_[first - 1].sparse_rows) --first;
  return first;
}

int64_t ParameterStore::rounded_bytes() const {
  const std::vector<int64_t> places = offsets();
  return (places.back() - places[first_rounded()]) / 2;
}

void ParameterStore::allocate_values() {
  place_values(Buffer(offsets().back(), "the model's parameters", *device_));
}

void ParameterStore::place_values(Buffer memory) {
  const std::vector<int64_t> places = offsets();
  values_ = std::move(memory);
  for (std::size_t i = 0; i < parameters_.size(); ++i) {
    parameters_[i].value = Tensor(values_.data() + places[i], DType::kF32, parameters_[i].shape);
  }
}

void ParameterStore::allocate_gradients() {
  const std::vector<int64_t> places = offsets();
  gradients_ = Buffer(places.back(), "the gradients of the model's parameters", *device_);
  int64_t sparse_rows = 0;
  for (const Parameter& parameter : parameters_) {
    if (parameter.sparse_rows) sparse_rows += parameter.shape[0];
  }
  active_rows_ = Buffer(sparse_rows, "the marks of the rows in use", *device_);
  std::byte* marks = active_rows_.data();
  for (std::size_t i = 0; i < parameters_.size(); ++i) {
    Parameter& parameter = parameters_[i];
    parameter.gradient = Tensor(gradients_.data() + places[i], DType::kF32, parameter.shape);
    if (!parameter.sparse_rows) continue;
    parameter.active_rows = Tensor(marks, DType::kU8, {parameter.shape[0]});
    marks += parameter.shape[0];
    gradients_.expect_sparse_use(parameter.gradient.data(), parameter.gradient.bytes());
  }
}

Tensor ParameterStore::gradients(std::size_t first, std::size_t last) const {
  const Tensor &begin = parameters_[first].gradient, &end = parameters_[last - 1].gradient;
  return Tensor(begin.data(), DType::kF32, {end.f32() + end.count() - begin.f32()});
}

void ParameterStore::round_values(const Kernels& kernels, Stream stream) {
  const std::vector<int64_t> places = offsets();
  const std::size_t first = first_rounded();
  if (!rounded()) {
    rounded_ = Buffer(rounded_bytes(), "the model's parameters as bfloat16s", *device_);
    for (std::size_t i = first; i < parameters_.size(); ++i) {
      std::byte* const place = rounded_.data() + (places[i] - places[first]) / 2;
      parameters_[i].rounded = Tensor(place, DType::kBF16, parameters_[i].shape);
    }
  }
  const int64_t count = (places.back() - places[first]) / size_of(DType::kF32);
  kernels.cast({.x = Tensor(values_.data() + places[first], DType::kF32, {count}).numbers(),
                .y = Tensor(rounded_.data(), DType::kBF16, {count}).numbers(),
                .count = count},
               stream);
}

void ParameterStore::move_to(Device& device) {
  if (&device == device_) return;
  const int64_t bytes = offsets().back();
  const HostCopy old(*device_, Tensor(values_.data(), DType::kU8, {bytes}));
  Buffer moved(bytes, "the model's parameters", device);
  device.upload(moved.data(), old.tensor().data(), bytes);
  device_ = &device;
  place_values(std::move(moved));
  rounded_ = Buffer();
  for (Parameter& parameter : parameters_) parameter.rounded = Tensor();
  if (gradients_.data() != nullptr) allocate_gradients();
}

Parameter* ParameterStore::find(std::string_view name) {
  const auto found = std::find_if(parameters_.begin(), parameters_.end(),
                                  [&](const Parameter& p) { return p.name == name; });
  return found == parameters_.end() ? nullptr : &*found;
}

int64_t ParameterStore::count() const {
  int64_t count = 0;
  for (const Parameter& parameter : parameters_) count += parameter.shape.count();
  return count;
}

void initialize(Parameter& parameter, double deviation, uint64_t seed, Device& device) {
  HostCopy copy(device, parameter.value);
  float* value = copy.f32();
  const int64_t count = parameter.value.count();
  switch (parameter.initializer) {
    case Initializer::kZeros:
      std::fill_n(value, count, 0.0f);
      break;
    case Initializer::kOnes:
      std::fill_n(value, count, 1.0f);
      break;
    case Initializer::kNormal: {
      Random random(seed, hash_of(parameter.name));
      for (int64_t i = 0; i < count; ++i) {
        value[i] = static_cast<float>(deviation * random.normal());
      }
    }
  }
  copy.write_back();
}

}  // namespace lathe
