// A BERT small enough for plain loops, with odd sizes, and batches of made-up tokens for it.
#pragma once

#include <memory>
#include <vector>

#include "nn/loss.h"
#include "nn/sequence_classifier.h"

namespace lathe::testing {

// Hidden 12, 3 heads, 2 layers, 3 labels, no dropout.
BertConfig tiny_config();

// With every parameter random, biases and LayerNorm's included, so that no gradient vanishes by
// accident.
std::unique_ptr<BertForSequenceClassification> random_bert(const BertConfig& config, uint64_t seed);

// Sequences of those lengths and their targets for every problem type.
class TinyBatch {
 public:
  TinyBatch(const BertConfig& config, const std::vector<int>& lengths, uint64_t seed);
  // The sequences `first` … `first + count - 1` of this batch alone.
  TinyBatch slice(std::size_t first, std::size_t count) const;
  // This batch and a filler of `count` tokens.
  TinyBatch with_filler(const BertConfig& config, int count) const;

  BertInput input() const;
  LossTargets targets() const { return {classes_.data(), values_.data()}; }

 private:
  TinyBatch() = default;
  int64_t labels_ = 0, fillers_ = 0;
  std::vector<int32_t> ids_, types_, positions_, offsets_, counter_, classes_;
  std::vector<float> values_;
};

// The mean loss of a batch (in double, over the examples' losses); with `gradients`, adds its
// gradient times examples / mean_over to every parameter. With activations in bf16, products are
// too.
double batch_loss(BertForSequenceClassification& model, const Kernels& kernels, ProblemType type,
                  const TinyBatch& batch, bool gradients, int64_t mean_over = 0,
                  const GradientsFinal& on_final = {}, Precision precision = Precision::kF32);

std::vector<float> batch_logits(const BertForSequenceClassification& model, const Kernels& kernels,
                                const TinyBatch& batch);

}  // namespace lathe::testing
