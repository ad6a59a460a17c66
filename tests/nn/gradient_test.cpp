// Every parameter's gradient against central differences, on the reference kernels, dropout
// included: its masks are a function of the step, so the loss stays differentiable.
#include <gtest/gtest.h>

#include <cmath>

#include "tests/nn/tiny_bert.h"

namespace lathe {
namespace {

using testing::batch_loss;
using testing::random_bert;
using testing::tiny_config;
using testing::TinyBatch;

struct Case {
  const char* name;
  ProblemType type;
  double dropout;
};

class Gradient : public ::testing::TestWithParam<Case> {};

// The derivative of the loss along a direction in one parameter's space, divided by the direction's
// length.
double central_difference(BertForSequenceClassification& model, ProblemType type,
                          const TinyBatch& batch, const Parameter& parameter,
                          const std::vector<float>& direction, double step) {
  const std::vector<float> before(parameter.value.f32(),
                                  parameter.value.f32() + parameter.value.count());
  const auto loss_at = [&](double distance) {
    for (std::size_t i = 0; i < before.size(); ++i) {
      parameter.value.f32()[i] = before[i] + static_cast<float>(distance) * direction[i];
    }
    return batch_loss(model, reference_kernels(), type, batch, false);
  };
  const double slope = (loss_at(step) - loss_at(-step)) / (2 * step);
  std::copy(before.begin(), before.end(), parameter.value.f32());
  return slope;
}

TEST_P(Gradient, EqualsTheCentralDifferences) {
  BertConfig config = tiny_config();
  config.hidden_dropout_prob = GetParam().dropout;
  config.attention_probs_dropout_prob = GetParam().dropout;
  const auto model = random_bert(config, 1);
  const TinyBatch batch(config, {5, 1, 9, 3}, 2);
  batch_loss(*model, reference_kernels(), GetParam().type, batch, true);
  Random random(3);
  for (const Parameter& parameter : model->parameters().all()) {
    SCOPED_TRACE(parameter.name);
    const float* gradient = parameter.gradient.f32();
    const auto count = static_cast<std::size_t>(parameter.gradient.count());
    double norm = 0;
    for (std::size_t i = 0; i < count; ++i) norm += double{gradient[i]} * double{gradient[i]};
    norm = std::sqrt(norm);
    if (parameter.name.ends_with("key.bias")) {  // softmax ignores what all keys have in common
      EXPECT_LT(norm, 1e-6);
      continue;
    }
    ASSERT_GT(norm, 1e-4) << "no gradient";
    // Along the gradient the slope is its norm; along a random direction it is the dot product.
    std::vector<float> along(count), across(count);
    double across_slope = 0, across_norm = 0;
    for (std::size_t i = 0; i < count; ++i) {
      along[i] = static_cast<float>(gradient[i] / norm);
      across[i] = static_cast<float>(random.normal());
      across_norm += double{across[i]} * double{across[i]};
    }
    for (std::size_t i = 0; i < count; ++i) {
      across[i] /= static_cast<float>(std::sqrt(across_norm));
      across_slope += double{across[i]} * double{gradient[i]};
    }
    constexpr double kStep =
        4e-3;  // balances the third derivative against float's rounding of the loss
    const double tolerance = 2e-2 * norm + 1e-4;
    EXPECT_NEAR(central_difference(*model, GetParam().type, batch, parameter, along, kStep), norm,
                tolerance);
    EXPECT_NEAR(central_difference(*model, GetParam().type, batch, parameter, across, kStep),
                across_slope, tolerance);
  }
}

INSTANTIATE_TEST_SUITE_P(ProblemTypes, Gradient,
                         ::testing::Values(Case{"SingleLabel", ProblemType::kSingleLabel, 0.0},
                                           Case{"MultiLabel", ProblemType::kMultiLabel, 0.0},
                                           Case{"Regression", ProblemType::kRegression, 0.0},
                                           Case{"SingleLabelWithDropout", ProblemType::kSingleLabel,
                                                0.2}),
                         [](const auto& test) { return test.param.name; });

}  // namespace
}  // namespace lathe
