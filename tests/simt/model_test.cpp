// A whole BERT on the CUDA kernels: what one op leaves in memory is what the next one reads.
#include <gtest/gtest.h>

#include <cmath>

#include "kernels/cuda/ops.h"
#include "tests/nn/tiny_bert.h"

namespace lathe::testing {
namespace {

struct Step {
  double loss;
  std::vector<std::vector<float>> gradients;
};

Step step_on(const Kernels& kernels, ProblemType type) {
  BertConfig config = tiny_config();
  config.hidden_dropout_prob = config.attention_probs_dropout_prob = 0.1;
  const auto model = random_bert(config, 1);
  const TinyBatch batch(config, {5, 1, 9, 3}, 2);
  Step step{};
  step.loss = batch_loss(*model, kernels, type, batch, true);
  for (const Parameter& parameter : model->parameters().all()) {
    const float* values = parameter.gradient.f32();
    step.gradients.emplace_back(values, values + parameter.shape.count());
  }
  return step;
}

double norm(const std::vector<float>& values) {
  double sum = 0;
  for (float x : values) sum += static_cast<double>(x) * x;
  return std::sqrt(sum);
}

TEST(CudaModelTest, EveryGradientEqualsTheReferences) {
  for (const auto type :
       {ProblemType::kSingleLabel, ProblemType::kMultiLabel, ProblemType::kRegression}) {
    const Step expected = step_on(reference_kernels(), type);
    const Step found = step_on(cuda_emulated::kernels(), type);
    EXPECT_NEAR(found.loss, expected.loss, 1e-6 * expected.loss);
    for (std::size_t p = 0; p < expected.gradients.size(); ++p) {
      std::vector<float> difference = found.gradients[p];
      for (std::size_t i = 0; i < difference.size(); ++i) difference[i] -= expected.gradients[p][i];
      EXPECT_LE(norm(difference), 1e-5 * norm(expected.gradients[p]) + 1e-7) << "parameter " << p;
    }
  }
}

}  // namespace
}  // namespace lathe::testing
