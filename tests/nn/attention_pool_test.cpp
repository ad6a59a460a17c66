// The last layer without keys and values is the last layer with them.
#include <gtest/gtest.h>

#include <cmath>

#include "base/error.h"
#include "tests/nn/tiny_bert.h"

namespace lathe {
namespace {

using testing::batch_logits;
using testing::batch_loss;
using testing::random_bert;
using testing::tiny_config;
using testing::TinyBatch;

Kernels without_pool() {
  Kernels kernels = reference_kernels();
  kernels.attention_pool_forward = nullptr;
  kernels.attention_pool_backward = nullptr;
  return kernels;
}

// Dropout included: both draw the same masks.
TEST(AttentionPool, ChangesNoLogitAndNoGradient) {
  const Kernels with = reference_kernels(), without = without_pool();
  for (const double dropout : {0.0, 0.3}) {
    BertConfig config = tiny_config();
    config.attention_probs_dropout_prob = config.hidden_dropout_prob = dropout;
    const auto pooled = random_bert(config, 1), other = random_bert(config, 1);
    for (const int filler : {0, 4}) {
      SCOPED_TRACE(concat("dropout ", dropout, ", filler ", filler));
      const TinyBatch batch = TinyBatch(config, {5, 1, 9, 3}, 2).with_filler(config, filler);
      const std::vector<float> logits = batch_logits(*pooled, with, batch);
      const std::vector<float> expected = batch_logits(*other, without, batch);
      ASSERT_EQ(logits.size(), expected.size());
      for (std::size_t i = 0; i < logits.size(); ++i) EXPECT_NEAR(logits[i], expected[i], 1e-6);
      pooled->parameters().allocate_gradients();
      other->parameters().allocate_gradients();
      EXPECT_NEAR(batch_loss(*pooled, with, ProblemType::kSingleLabel, batch, true),
                  batch_loss(*other, without, ProblemType::kSingleLabel, batch, true), 1e-6);
      for (const Parameter& parameter : other->parameters().all()) {
        const Tensor& found = pooled->parameters().find(parameter.name)->gradient;
        double difference = 0, norm = 0;
        for (int64_t i = 0; i < found.count(); ++i) {
          const double expected_gradient = parameter.gradient.f32()[i];
          difference += std::pow(found.f32()[i] - expected_gradient, 2);
          norm += std::pow(expected_gradient, 2);
        }
        EXPECT_LE(std::sqrt(difference), 2e-6 * std::sqrt(norm) + 1e-7) << parameter.name;
      }
    }
  }
}

// It leaves the gradient of the keys' bias alone, where attention adds rounding.
TEST(AttentionPool, IsUsedWhereTheKernelsHaveIt) {
  const auto model = random_bert(tiny_config(), 1);
  const TinyBatch batch(tiny_config(), {5, 1, 9, 3}, 2);
  batch_loss(*model, reference_kernels(), ProblemType::kSingleLabel, batch, true);
  const Parameter* bias = model->parameters().find("bert.encoder.layer.1.attention.self.key.bias");
  for (int64_t i = 0; i < bias->gradient.count(); ++i) EXPECT_EQ(bias->gradient.f32()[i], 0.0f);
}

}  // namespace
}  // namespace lathe
