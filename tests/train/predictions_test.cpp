#include "train/predictions.h"

#include <gtest/gtest.h>

#include <limits>

#include "base/file.h"
#include "tests/temporary_directory.h"
#include "tests/train/tiny_task.h"
#include "train/worst.h"

namespace lathe {
namespace {

Predictions three_answers() {
  Predictions predictions;
  predictions.columns = 2;
  predictions.logits = {-1.5f, 2.25f, 0.5f, 0.5f, 3.0f, -0.1f};
  predictions.losses = {0.25f, 0.75f, 3.0f};
  return predictions;
}

TEST(Predictions, ReadsLogits) {
  const Predictions predictions = three_answers();
  EXPECT_EQ(predictions.size(), 3);
  EXPECT_EQ(predicted_classes(predictions), (std::vector<int32_t>{1, 0, 0}));
  EXPECT_EQ(predicted_labels(predictions), (std::vector<uint8_t>{0, 1, 1, 1, 1, 0}));
  EXPECT_NEAR(predictions.mean_loss(), 4.0 / 3.0, 1e-12);
  const auto softmax = probabilities(predictions.row(0), ProblemType::kSingleLabel);
  EXPECT_NEAR(softmax[0], 0.02297736991, 1e-10);
  EXPECT_NEAR(softmax[0] + softmax[1], 1.0, 1e-15);
  const auto sigmoid = probabilities(predictions.row(0), ProblemType::kMultiLabel);
  EXPECT_NEAR(sigmoid[0], 0.18242552381, 1e-10);
  EXPECT_TRUE(probabilities(predictions.row(0), ProblemType::kRegression).empty());
}

std::string written(const Predictions& predictions, ProblemType type) {
  const testing::TemporaryDirectory directory;
  write_predictions(directory.file("out.jsonl"), predictions, type, {"no", "y\"es"});
  return read_file(directory.file("out.jsonl"));
}

TEST(Predictions, AreWrittenInOrder) {
  Predictions predictions = three_answers();
  predictions.logits.resize(4);
  EXPECT_EQ(written(predictions, ProblemType::kSingleLabel),
            "{\"index\": 0, \"prediction\": \"y\\\"es\", \"logits\": [-1.5, 2.25], "
            "\"probabilities\": [0.02297737, 0.97702265]}\n"
            "{\"index\": 1, \"prediction\": \"no\", \"logits\": [0.5, 0.5], "
            "\"probabilities\": [0.5, 0.5]}\n");
  predictions.logits = {-1.0f, -2.0f, 0.0f, 4.0f};
  EXPECT_EQ(written(predictions, ProblemType::kMultiLabel),
            "{\"index\": 0, \"prediction\": [], \"logits\": [-1, -2], "
            "\"probabilities\": [0.26894143, 0.11920292]}\n"
            "{\"index\": 1, \"prediction\": [\"y\\\"es\"], \"logits\": [0, 4], "
            "\"probabilities\": [0.5, 0.98201376]}\n");
  predictions.columns = 1;
  predictions.logits = {2.5f, std::numeric_limits<float>::infinity()};
  EXPECT_EQ(written(predictions, ProblemType::kRegression),
            "{\"index\": 0, \"prediction\": 2.5, \"logits\": [2.5]}\n"
            "{\"index\": 1, \"prediction\": Infinity, \"logits\": [Infinity]}\n");
}

TEST(Predictions, WorstComeFirst) {
  const Predictions predictions = three_answers();
  EXPECT_EQ(worst_examples(predictions, 2), (std::vector<int64_t>{2, 1}));
  EXPECT_EQ(worst_examples(predictions, 9), (std::vector<int64_t>{2, 1, 0}));
  const Targets classes{1, {1, 0, 1}, {}};
  EXPECT_EQ(describe_mistake(predictions, classes, ProblemType::kSingleLabel, {"no", "yes"}, 2),
            "loss 3.000  label yes  prediction no (0.957)");
  const Targets values{2, {}, {1, 0, 0, 0, 1, 0}};
  EXPECT_EQ(describe_mistake(predictions, values, ProblemType::kMultiLabel, {"a", "b"}, 1),
            "loss 0.750  label none  prediction a, b");
  EXPECT_EQ(describe_mistake(predictions, values, ProblemType::kRegression, {"a", "b"}, 0),
            "loss 0.250  label 1.000, 0.000  prediction -1.500, 2.250");
}

TEST(Batches, LargestBatchIsThatOfTheLongestExamples) {
  Examples examples;
  examples.tokens = {{0, 3, 10, 12, 17}, std::vector<int32_t>(17), std::vector<uint8_t>(17)};
  EXPECT_EQ(largest_batch_tokens(examples.tokens, 2), 12);
  EXPECT_EQ(largest_batch_tokens(examples.tokens, 99), 17);
}

TEST(Batches, AnEpochSeesEveryExampleOnce) {
  const Examples examples = testing::tiny_examples(11, 1);
  std::vector<int> seen(11);
  int64_t batches = 0;
  for (const Batch& batch : training_epoch(examples, SamplingStrategy::kRandom, 4, 42, 0)) {
    ++batches;
    const BertInput input = batch.input();
    EXPECT_EQ(input.offsets[input.sequences], input.tokens);
    EXPECT_EQ(input.counter[input.sequences], input.sequences);
    for (int64_t i = 0; i < batch.size(); ++i) {
      const auto row = static_cast<std::size_t>(batch.rows()[static_cast<std::size_t>(i)]);
      ++seen[row];
      EXPECT_EQ(batch.targets().classes[i], examples.targets.classes[row]);
    }
  }
  EXPECT_EQ(batches, 3);
  EXPECT_EQ(seen, std::vector<int>(11, 1));
}

}  // namespace
}  // namespace lathe
