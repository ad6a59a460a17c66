#include "train/metrics.h"

#include <gtest/gtest.h>

#include <cmath>

#include "tests/temporary_directory.h"
#include "tests/train/golden.h"
#include "train/glue.h"

namespace lathe {
namespace {

using testing::number;
using testing::numbers;
using testing::train_golden;

TEST(Metrics, OfClassesEqualScikitLearn) {
  for (const Json& golden : train_golden("classes").as_array()) {
    const auto predictions = numbers<int32_t>(*golden.find("predictions"));
    const auto labels = numbers<int32_t>(*golden.find("labels"));
    EXPECT_DOUBLE_EQ(accuracy(predictions, labels), number(golden, "accuracy"));
    EXPECT_DOUBLE_EQ(f1_score(predictions, labels), number(golden, "f1"));
    EXPECT_NEAR(matthews_correlation(predictions, labels), number(golden, "matthews"), 1e-14);
  }
}

TEST(Metrics, CorrelationsEqualSciPy) {
  for (const Json& golden : train_golden("correlations").as_array()) {
    const auto x = numbers<float>(*golden.find("x")), y = numbers<float>(*golden.find("y"));
    EXPECT_NEAR(pearson_correlation(x, y), number(golden, "pearson"), 1e-13);
    EXPECT_NEAR(spearman_correlation(x, y), number(golden, "spearman"), 1e-13);
  }
  const std::vector<float> constant(5, 2.0f), rising{1, 2, 3, 4, 5};
  EXPECT_TRUE(std::isnan(pearson_correlation(constant, rising)));
}

TEST(Metrics, OfManyLabelsEqualScikitLearn) {
  for (const Json& golden : train_golden("multi_label").as_array()) {
    const auto predictions = numbers<uint8_t>(*golden.find("predictions"));
    const auto labels = numbers<uint8_t>(*golden.find("labels"));
    EXPECT_DOUBLE_EQ(micro_f1(predictions, labels), number(golden, "f1"));
    EXPECT_DOUBLE_EQ(subset_accuracy(predictions, labels, golden.find("columns")->as_integer()),
                     number(golden, "accuracy"));
  }
}

TEST(Metrics, MeanSquaredError) {
  EXPECT_DOUBLE_EQ(mean_squared_error(std::vector<float>{1, 2, 4}, std::vector<float>{1, 4, 1}),
                   13.0 / 3.0);
}

std::vector<std::string> names_of(const Metrics& metrics) {
  std::vector<std::string> names;
  for (const auto& [name, value] : metrics) names.push_back(name);
  return names;
}

TEST(Glue, EveryTaskHasItsMetrics) {
  Predictions predictions;
  predictions.columns = 2;
  predictions.logits = {1, 0, 0, 1, 0, 1, 1, 0};  // classes 0 1 1 0
  const Targets classes{1, {0, 1, 0, 1}, {}};
  const auto single = ProblemType::kSingleLabel;
  using Names = std::vector<std::string>;
  const auto of_task = [&](const char* task) {
    return names_of(compute_metrics(&glue_task_named(task), single, predictions, classes));
  };
  EXPECT_EQ(of_task("mrpc"), (Names{"accuracy", "f1", "combined_score"}));
  EXPECT_EQ(of_task("cola"), (Names{"matthews_correlation"}));
  EXPECT_EQ(of_task("sst2"), (Names{"accuracy"}));
  EXPECT_EQ(names_of(compute_metrics(nullptr, single, predictions, classes)), (Names{"accuracy"}));
  const Metrics mrpc = compute_metrics(&glue_task_named("mrpc"), single, predictions, classes);
  EXPECT_DOUBLE_EQ(mrpc[0].second, 0.5);
  EXPECT_DOUBLE_EQ(mrpc[2].second, 0.5 * (mrpc[0].second + mrpc[1].second));

  predictions.columns = 1;
  const Targets scores{1, {}, {1, 0, 0, 1, 0, 1, 1, 0.5}};
  const auto regression = ProblemType::kRegression;
  EXPECT_EQ(names_of(compute_metrics(&glue_task_named("stsb"), regression, predictions, scores)),
            (Names{"pearson", "spearmanr", "combined_score"}));
  EXPECT_EQ(names_of(compute_metrics(nullptr, regression, predictions, scores)), (Names{"mse"}));
}

TEST(Glue, MultiLabelCountsALogitAboveZeroAsYes) {
  Predictions predictions;
  predictions.columns = 2;
  predictions.logits = {0.5f, -0.5f, -1.0f, 2.0f};
  const Targets targets{2, {}, {1, 0, 1, 1}};
  const Metrics metrics = compute_metrics(nullptr, ProblemType::kMultiLabel, predictions, targets);
  EXPECT_EQ(metrics, (Metrics{{"f1", 0.8}, {"accuracy", 0.5}}));
}

TEST(Glue, UnknownTask) {
  EXPECT_EQ(testing::error_of([] { glue_task_named("mprc"); }),
            "--task_name mprc: must be one of cola, mnli, mrpc, qnli, qqp, rte, sst2, stsb, wnli");
}

}  // namespace
}  // namespace lathe
