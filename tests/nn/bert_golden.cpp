#include "tests/nn/bert_golden.h"

#include <array>
#include <cmath>
#include <cstring>

#include "base/error.h"
#include "base/json.h"

namespace lathe {

namespace {

constexpr std::size_t kSketchSize = 32;

uint64_t signs_of(uint64_t index) {
  uint64_t z = (index + 1) * 0x9E3779B97F4A7C15u;
  z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9u;
  z = (z ^ (z >> 27)) * 0x94D049BB133111EBu;
  return z ^ (z >> 31);
}

std::array<double, kSketchSize> sketch_of(const Tensor& gradient) {
  std::array<double, kSketchSize> products{};
  const float* values = gradient.f32();
  for (int64_t i = 0; i < gradient.count(); ++i) {
    if (values[i] == 0.0f) continue;  // most of an embedding table
    const uint64_t signs = signs_of(static_cast<uint64_t>(i));
    for (std::size_t k = 0; k < kSketchSize; ++k) {
      products[k] += (signs >> k & 1) != 0 ? -values[i] : values[i];
    }
  }
  return products;
}

template <class T>
std::vector<T> slice(const std::vector<T>& values, int64_t first, int64_t last) {
  return {values.begin() + first, values.begin() + last};
}

}  // namespace

GoldenTraining golden_training(const std::string& model) {
  const Json settings = read_json_file("tests/golden/bert_golden.json");
  const Json& training = *settings.find(model);
  const Json::Array& betas = settings.find("adam_betas")->as_array();
  return {.learning_rate = training.find("learning_rate")->as_double(),
          .weight_decay = training.find("weight_decay")->as_double(),
          .max_grad_norm = training.find("max_grad_norm")->as_double(),
          .beta1 = betas[0].as_double(),
          .beta2 = betas[1].as_double(),
          .eps = settings.find("adam_epsilon")->as_double(),
          .warmup_steps = training.find("warmup_steps")->as_integer(),
          .batch_size = training.find("batch_size")->as_integer(),
          .steps = training.find("steps")->as_integer()};
}

BertInput GoldenBatch::input() const {
  return {.tokens = static_cast<int64_t>(ids.size()),
          .sequences = static_cast<int64_t>(offsets.size()) - 1,
          .input_ids = ids.data(),
          .token_type_ids = types.data(),
          .position_ids = positions.data(),
          .offsets = offsets.data(),
          .counter = counter.data()};
}

BertGolden::BertGolden(const std::string& path) : file_(path) {
  ids_ = i32("input_ids");
  types_ = i32("token_type_ids");
  offsets_ = i32("offsets");
  if (entry("labels").dtype == "I32") {
    classes_ = i32("labels");
  } else {
    values_ = f32("labels");
  }
}

GoldenBatch BertGolden::batch(int64_t first, int64_t count) const {
  GoldenBatch batch;
  const int32_t begin = offsets_[static_cast<std::size_t>(first)];
  const int32_t end = offsets_[static_cast<std::size_t>(first + count)];
  batch.ids = slice(ids_, begin, end);
  batch.types = slice(types_, begin, end);
  for (int64_t s = 0; s <= count; ++s) {
    batch.offsets.push_back(offsets_[static_cast<std::size_t>(first + s)] - begin);
    batch.counter.push_back(static_cast<int32_t>(s));
  }
  for (std::size_t s = 0; s + 1 < batch.offsets.size(); ++s) {
    const int32_t length = batch.offsets[s + 1] - batch.offsets[s];
    for (int32_t position = 0; position < length; ++position) batch.positions.push_back(position);
  }
  if (!classes_.empty()) batch.classes = slice(classes_, first, first + count);
  if (!values_.empty()) {
    batch.values = slice(values_, first * num_labels(), (first + count) * num_labels());
  }
  return batch;
}

const SafetensorsFile::Entry& BertGolden::entry(const std::string& name) const {
  const SafetensorsFile::Entry* found = file_.find(name);
  if (found == nullptr) fail(file_.path(), ": no tensor ", name);
  return *found;
}

std::vector<float> BertGolden::f32(const std::string& name) const {
  const SafetensorsFile::Entry& found = entry(name);
  std::vector<float> values(static_cast<std::size_t>(found.count()));
  read_as_f32(found, values.data());
  return values;
}

std::vector<int32_t> BertGolden::i32(const std::string& name) const {
  const SafetensorsFile::Entry& found = entry(name);
  if (found.dtype != "I32") fail(file_.path(), ": ", name, " is ", found.dtype, ", not I32");
  std::vector<int32_t> values(static_cast<std::size_t>(found.count()));
  std::memcpy(values.data(), found.bytes.data(), found.bytes.size());
  return values;
}

double norm_of(const Tensor& tensor) {
  double sum = 0.0;
  for (int64_t i = 0; i < tensor.count(); ++i) {
    sum += static_cast<double>(tensor.f32()[i]) * static_cast<double>(tensor.f32()[i]);
  }
  return std::sqrt(sum);
}

Distance distance_to_golden(const Tensor& gradient, const std::vector<float>& golden) {
  double difference = 0.0, norm = 0.0;
  if (golden.size() == static_cast<std::size_t>(gradient.count())) {
    for (std::size_t i = 0; i < golden.size(); ++i) {
      difference += std::pow(static_cast<double>(gradient.f32()[i]) - golden[i], 2);
      norm += std::pow(static_cast<double>(golden[i]), 2);
    }
    return {std::sqrt(difference), std::sqrt(norm)};
  }
  if (golden.size() != kSketchSize + 1) fail("a golden of ", golden.size(), " numbers, of which?");
  const std::array<double, kSketchSize> products = sketch_of(gradient);
  for (std::size_t k = 0; k < kSketchSize; ++k) {
    difference += std::pow(products[k] - golden[k + 1], 2) / kSketchSize;
  }
  return {std::sqrt(difference), golden[0]};
}

}  // namespace lathe
