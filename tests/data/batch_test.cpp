#include "data/batch.h"

#include <gtest/gtest.h>

#include "tests/temporary_directory.h"

namespace lathe {
namespace {

using testing::error_of;

using Ints = std::vector<int32_t>;

TokenizedDataset three_examples() {
  return {{0, 2, 5, 6}, {10, 11, 20, 21, 22, 30}, {0, 0, 0, 1, 1, 0}};
}

TEST(PackedBatch, HoldsRealTokensOnly) {
  Targets targets;
  targets.classes = {5, 6, 7};
  const std::vector<int64_t> examples = {2, 1};
  const PackedBatch batch = pack(three_examples(), &targets, examples);
  EXPECT_EQ(batch.input_ids, (Ints{30, 20, 21, 22}));
  EXPECT_EQ(batch.token_type_ids, (Ints{0, 0, 1, 1}));
  EXPECT_EQ(batch.position_ids, (Ints{0, 0, 1, 2}));
  EXPECT_EQ(batch.offsets, (Ints{0, 1, 4}));
  EXPECT_EQ(batch.examples, examples);
  EXPECT_EQ(batch.classes, (Ints{7, 6}));
  EXPECT_TRUE(batch.values.empty());
  EXPECT_EQ(batch.tokens(), 4);
  EXPECT_EQ(batch.sequences(), 2);
}

TEST(PackedBatch, TakesRowsOfValues) {
  Targets targets;
  targets.columns = 2;
  targets.values = {1, 2, 3, 4, 5, 6};
  const PackedBatch batch = pack(three_examples(), &targets, std::vector<int64_t>{2, 0, 2});
  EXPECT_EQ(batch.values, (std::vector<float>{5, 6, 1, 2, 5, 6}));
  EXPECT_TRUE(batch.classes.empty());
}

TEST(PackedBatch, NeedsNoTargetsAndNoExamples) {
  const PackedBatch batch = pack(three_examples(), nullptr, std::vector<int64_t>{0});
  EXPECT_TRUE(batch.classes.empty() && batch.values.empty());
  EXPECT_EQ(pack(three_examples(), nullptr, {}).offsets, (Ints{0}));
}

TEST(PackedBatch, RefusesExamplesAndTargetsThatDoNotFit) {
  Targets targets;
  targets.classes = {1, 2};
  EXPECT_EQ(error_of([&] { pack(three_examples(), &targets, std::vector<int64_t>{0}); }),
            "2 labels for 3 examples");
  targets.classes.clear();
  targets.values = {1, 2};
  EXPECT_EQ(error_of([&] { pack(three_examples(), &targets, std::vector<int64_t>{0}); }),
            "2 target values for 3 examples of 1");
  EXPECT_EQ(error_of([&] { pack(three_examples(), nullptr, std::vector<int64_t>{3}); }),
            "no example 3: the dataset has 3");
}

}  // namespace
}  // namespace lathe
