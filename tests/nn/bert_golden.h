// What Transformers computed (tests/golden/make_bert_golden.py), read back.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "nn/bert_input.h"
#include "nn/config.h"
#include "nn/loss.h"
#include "nn/safetensors.h"
#include "tensor/tensor.h"

namespace lathe {

// The hyperparameters of the golden training runs.
struct GoldenTraining {
  double learning_rate, weight_decay, max_grad_norm, beta1, beta2, eps;
  int64_t warmup_steps, batch_size, steps;
};

GoldenTraining golden_training(const std::string& model);  // "tiny" or "minilm"

// A packed batch that owns its memory.
struct GoldenBatch {
  std::vector<int32_t> ids, types, positions, offsets, counter;
  std::vector<int32_t> classes;  // [sequences], single label
  std::vector<float> values;     // [sequences, num_labels], multi label and regression

  BertInput input() const;
  LossTargets targets() const { return {classes.data(), values.data()}; }
};

class BertGolden {
 public:
  explicit BertGolden(const std::string& path);

  int64_t examples() const { return static_cast<int64_t>(offsets_.size()) - 1; }
  int64_t num_labels() const { return file_.find("classifier.weight")->shape[0]; }
  GoldenBatch batch(int64_t first, int64_t count) const;
  std::vector<float> f32(const std::string& name) const;  // Error when there is no such tensor

 private:
  std::vector<int32_t> i32(const std::string& name) const;
  const SafetensorsFile::Entry& entry(const std::string& name) const;

  SafetensorsFile file_;
  std::vector<int32_t> ids_, types_, offsets_, classes_;
  std::vector<float> values_;
};

// |a - b| and |b|, in double.
struct Distance {
  double difference, norm;
};

// How far `gradient` is from the golden "grad.NAME", stored whole or as a sketch. A sketch holds
// the norm and 32 inner products with pseudo-random signs; the mean square of the products of a
// vector is an unbiased estimate of its squared norm (Achlioptas 2003). Sign k of element i is bit
// k of splitmix64(i).
Distance distance_to_golden(const Tensor& gradient, const std::vector<float>& golden);

double norm_of(const Tensor& tensor);

}  // namespace lathe
