// What backward tells on its way: that the gradients from some parameter on are final.
#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <vector>

#include "kernels/kernels.h"
#include "tests/nn/tiny_bert.h"

namespace lathe::testing {
namespace {

std::vector<float> gradients_from(const ParameterStore& parameters, std::size_t first) {
  const Tensor all = parameters.gradients(first, parameters.all().size());
  return {all.f32(), all.f32() + all.count()};
}

TEST(GradientsFinal, LayersAreDoneFromTheLastToTheFirst) {
  const BertConfig config = tiny_config();
  const auto model = random_bert(config, 1);
  ParameterStore& parameters = model->parameters();
  parameters.allocate_gradients();
  struct Told {
    std::size_t first;
    std::vector<float> gradients;
  };
  std::vector<Told> told;
  batch_loss(*model, reference_kernels(), ProblemType::kSingleLabel,
             TinyBatch(config, {3, 5, 2}, 2),
             /*gradients=*/true, 0, [&](std::size_t first) {
               told.push_back({first, gradients_from(parameters, first)});
             });
  ASSERT_EQ(told.size(), 2u);
  for (std::size_t i = 0; i < told.size(); ++i) {
    const std::string layer = "bert.encoder.layer." + std::to_string(told.size() - 1 - i) + ".";
    EXPECT_TRUE(parameters.all()[told[i].first].name.starts_with(layer));
    EXPECT_FALSE(parameters.all()[told[i].first - 1].name.starts_with(layer));
    EXPECT_TRUE(std::any_of(told[i].gradients.begin(), told[i].gradients.end(),
                            [](float gradient) { return gradient != 0.0f; }));
    EXPECT_TRUE(told[i].gradients == gradients_from(parameters, told[i].first)) << layer;
  }
}

}  // namespace
}  // namespace lathe::testing
