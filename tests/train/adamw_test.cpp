#include "train/adamw.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "base/error.h"
#include "kernels/bfloat16.h"
#include "tests/train/golden.h"

namespace lathe {
namespace {

using testing::number;
using testing::numbers;

void fill(const Tensor& tensor, const std::vector<float>& values) {
  std::copy(values.begin(), values.end(), tensor.f32());
}

std::vector<const Kernels*> backends() {
  std::vector<const Kernels*> all = {&reference_kernels()};
  for (const Kernels* const* next = available_cpu_kernels(); *next != nullptr; ++next) {
    all.push_back(*next);
  }
  return all;
}

TEST(AdamW, EqualsPyTorch) {
  for (const Kernels* kernels : backends()) {
    for (const Json& golden : testing::train_golden("adamw").as_array()) {
      SCOPED_TRACE(kernels->name);
      ParameterStore store;
      Parameter& parameter = store.add("weight", {6}, Initializer::kZeros);
      store.allocate_values();
      store.allocate_gradients();
      fill(parameter.value, numbers<float>(*golden.find("start")));
      AdamW optimizer(store, {.weight_decay = number(golden, "weight_decay")});
      Arena arena(0);
      const Context context{*kernels, arena};
      for (const Json& step : golden.find("steps")->as_array()) {
        fill(parameter.gradient, numbers<float>(*step.find("gradient")));
        optimizer.step(context, number(step, "learning_rate"), /*max_grad_norm=*/1.0);
        EXPECT_NEAR(optimizer.gradient_norm(), number(step, "norm"), 1e-6 * number(step, "norm"));
        const auto expected = numbers<float>(*step.find("value"));
        for (std::size_t i = 0; i < expected.size(); ++i) {
          EXPECT_NEAR(parameter.value.f32()[i], expected[i], 3e-7 * (1 + std::abs(expected[i])));
          EXPECT_EQ(parameter.gradient.f32()[i], 0.0f);
        }
      }
      EXPECT_EQ(optimizer.steps(), 5);
    }
  }
}

TEST(AdamW, KeepsRoundedValuesUp) {
  ParameterStore store;
  Parameter& parameter = store.add("weight", {5}, Initializer::kZeros);
  store.allocate_values();
  store.allocate_gradients();
  fill(parameter.value, {1.0f, 1.01f, -2.0f, 3.5f, 0.0f});
  Arena arena(0);
  const Context context{reference_kernels(), arena};
  AdamW before(store, {});
  store.round_values(reference_kernels(), nullptr);
  const auto rounded = [&] { return static_cast<const uint16_t*>(parameter.rounded.data()); };
  EXPECT_EQ(rounded()[1], to_bfloat16(1.01f));
  EXPECT_THROW(before.step(context, 0.1), Error);
  AdamW optimizer(store, {});
  fill(parameter.gradient, {1, 2, 3, 4, 5});
  optimizer.step(context, 0.1);
  EXPECT_LT(parameter.value.f32()[0], 0.95f);
  for (int i = 0; i < 5; ++i) EXPECT_EQ(rounded()[i], to_bfloat16(parameter.value.f32()[i]));
}

TEST(AdamW, DecaysNeitherBiasesNorLayerNorm) {
  EXPECT_TRUE(has_weight_decay("bert.encoder.layer.0.attention.self.query.weight"));
  EXPECT_TRUE(has_weight_decay("bert.embeddings.word_embeddings.weight"));
  EXPECT_TRUE(has_weight_decay("classifier.weight"));
  EXPECT_FALSE(has_weight_decay("classifier.bias"));
  EXPECT_FALSE(has_weight_decay("bert.embeddings.LayerNorm.weight"));
  EXPECT_FALSE(has_weight_decay("bert.encoder.layer.0.output.LayerNorm.bias"));
}

// A lookup table whose untouched rows an optimizer may skip.
TEST(AdamW, DecaysUntouchedRowsAndLeavesThemWithoutDecay) {
  for (const double decay : {0.0, 0.5}) {
    ParameterStore store;
    Parameter& table = store.add("table.weight", {3, 2}, Initializer::kOnes, /*sparse_rows=*/true);
    store.allocate_values();
    store.allocate_gradients();
    fill(table.value, {1, 1, 1, 1, 1, 1});
    AdamW optimizer(store, {.weight_decay = decay});
    table.active_rows.u8()[1] = 1;
    fill(table.gradient, {0, 0, 1, 1, 0, 0});
    Arena arena(0);
    optimizer.step({cpu_kernels(), arena}, 0.1);
    EXPECT_FLOAT_EQ(table.value.f32()[0], static_cast<float>(1.0 - 0.1 * decay));
    EXPECT_LT(table.value.f32()[2], 0.95f);
  }
}

TEST(AdamW, RestoresWhichRowsHaveBeenTouched) {
  ParameterStore store;
  Parameter& table = store.add("table.weight", {3, 2}, Initializer::kOnes, /*sparse_rows=*/true);
  store.allocate_values();
  store.allocate_gradients();
  AdamW optimizer(store, {});
  fill(optimizer.moments()[0].first, {0, 0, 0, 0.5f, 0, 0});
  fill(optimizer.moments()[0].second, {0, 0, 0, 0, 1e-9f, 0});
  optimizer.restore(12);
  const uint8_t* active = table.active_rows.u8();
  EXPECT_EQ(std::vector<uint8_t>(active, active + 3), (std::vector<uint8_t>{0, 1, 1}));
  EXPECT_EQ(optimizer.steps(), 12);
}

// AdamW's first moment after one step is a tenth of the gradient that it took.
TEST(AdamW, ClipsOnlyWhatIsTooLong) {
  const auto moment = [](float gradient, double max_norm) {
    ParameterStore store;
    Parameter& parameter = store.add("weight", {1}, Initializer::kZeros);
    store.allocate_values();
    store.allocate_gradients();
    fill(parameter.gradient, {gradient});
    AdamW optimizer(store, {});
    Arena arena(0);
    optimizer.step({cpu_kernels(), arena}, 0.1, max_norm);
    return 10 * optimizer.moments()[0].first.f32()[0];
  };
  EXPECT_FLOAT_EQ(moment(0.5f, 1.0), 0.5f);
  EXPECT_NEAR(moment(4.0f, 1.0), 1.0f, 1e-6);
  EXPECT_FLOAT_EQ(moment(4.0f, 0.0), 4.0f);
}

TEST(AdamW, LeavesEverythingWhereAGradientIsNotFinite) {
  ParameterStore store;
  store.add("a", {2}, Initializer::kZeros);
  Parameter& b = store.add("b", {2}, Initializer::kZeros);
  store.allocate_values();
  store.allocate_gradients();
  EXPECT_EQ(first_non_finite_gradient(store), "");
  b.gradient.f32()[1] = std::numeric_limits<float>::infinity();
  EXPECT_EQ(first_non_finite_gradient(store), "b");
  AdamW optimizer(store, {});
  Arena arena(0);
  for (const Kernels* kernels : backends()) {
    optimizer.step({*kernels, arena}, 0.1, 1.0);
    EXPECT_FALSE(std::isfinite(optimizer.gradient_norm()));
    EXPECT_EQ(first_non_finite_gradient(store), "b");
    EXPECT_EQ(b.value.f32()[0], 0.0f);
    EXPECT_EQ(optimizer.moments()[1].first.f32()[0], 0.0f);
  }
}

}  // namespace
}  // namespace lathe
