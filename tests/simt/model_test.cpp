// A whole BERT on the CUDA kernels: what one op leaves in memory is what the next one reads.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <utility>

#include "kernels/cuda/ops.h"
#include "tests/nn/tiny_bert.h"
#include "tests/simt/hopper.h"

namespace lathe::testing {
namespace {

struct Step {
  double loss;
  std::vector<std::vector<float>> gradients;
};

// Heads that take vectors, unlike tiny_config()'s.
BertConfig aligned_config() {
  BertConfig config = tiny_config();
  config.hidden_size = 64;
  config.num_attention_heads = 2;
  config.intermediate_size = 128;
  return config;
}

Step step_on(const Kernels& kernels, ProblemType type, BertConfig config = tiny_config(),
             Precision precision = Precision::kF32) {
  config.hidden_dropout_prob = config.attention_probs_dropout_prob = 0.1;
  const auto model = random_bert(config, 1);
  const TinyBatch batch(config, {5, 1, 9, 3}, 2);
  Step step{};
  step.loss = batch_loss(*model, kernels, type, batch, true, 0, {}, precision);
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

// The largest difference of a parameter's gradient, as a share of its norm. Beside what is small
// next to the largest gradient (those of keys' biases are 0 but for rounding), as a share of that.
double largest_difference(const Step& found, const Step& expected) {
  double largest = 0, scale = 0;
  for (const auto& gradient : expected.gradients) scale = std::max(scale, norm(gradient));
  for (std::size_t p = 0; p < expected.gradients.size(); ++p) {
    std::vector<float> difference = found.gradients[p];
    for (std::size_t i = 0; i < difference.size(); ++i) difference[i] -= expected.gradients[p][i];
    largest = std::max(largest, norm(difference) / (norm(expected.gradients[p]) + 5e-2 * scale));
  }
  return largest;
}

// A step in bf16 beside the reference's in bf16, which rounds at the same places but for
// attention's p, and beside the reference's in f32, from which every rounding to 8 bits takes it
// away.
TEST(CudaModelTest, EveryGradientInBf16IsNearTheReferences) {
  for (const BertConfig& config : {tiny_config(), aligned_config()}) {
    const auto type = ProblemType::kSingleLabel;
    const Step exact = step_on(reference_kernels(), type, config);
    const Step expected = step_on(reference_kernels(), type, config, Precision::kBF16);
    for (const auto& [gemm, gpu] :
         {std::pair{Gemm::kCublas, simt::Hardware{}}, std::pair{Gemm::kOwn, simt::Hardware{}},
          std::pair{Gemm::kOwn, simt::Hardware{9, 2}}}) {
      simt::pretend_to_be(gpu);
      const Step found = step_on(cuda_emulated::kernels(gemm), type, config, Precision::kBF16);
      EXPECT_NEAR(found.loss, expected.loss, 5e-3 * expected.loss);
      EXPECT_NEAR(found.loss, exact.loss, 2e-2 * exact.loss);
      EXPECT_LT(largest_difference(found, expected), 8e-2);
      EXPECT_LT(largest_difference(found, exact), 8e-2);
      EXPECT_NE(found.loss, exact.loss);
      simt::pretend_to_be({});
    }
  }
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
