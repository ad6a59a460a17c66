#include "train/prefetcher.h"

#include <gtest/gtest.h>

#include "tests/temporary_directory.h"

namespace lathe {
namespace {

// Example i is the single token i.
Examples examples_of(int32_t count) {
  std::vector<int64_t> offsets{0};
  std::vector<int32_t> ids;
  for (int32_t i = 0; i < count; ++i) {
    ids.push_back(i);
    offsets.push_back(i + 1);
  }
  std::vector<uint8_t> types(ids.size());
  return {.tokens = TokenizedDataset(offsets, ids, types), .targets = {}};
}

TEST(Prefetcher, GivesTheBatchesOfARankInOrder) {
  const Examples examples = examples_of(50);
  const Epoch epoch = training_epoch(examples, SamplingStrategy::kRandom, 3, 1, 0);
  for (const int64_t stride : {1, 2, 5}) {
    Prefetcher packed(epoch, 1, stride);
    for (int64_t index = 1; index < epoch.size(); index += stride) {
      EXPECT_EQ(packed.next().rows(), epoch[index].rows());
    }
  }
}

TEST(Prefetcher, MayBeLeftEarly) {
  const Examples examples = examples_of(10);
  const Epoch epoch = training_epoch(examples, SamplingStrategy::kSequential, 2, 1, 0);
  { const Prefetcher unused(epoch, 0, 1); }
  { const Prefetcher empty(epoch, 5, 1); }
  Prefetcher packed(epoch, 0, 1);
  EXPECT_EQ(packed.next().rows(), (std::vector<int64_t>{0, 1}));
}

TEST(Prefetcher, ThrowsWhatPackingThrew) {
  const Examples examples = examples_of(4);
  const Epoch epoch(examples, {0, 1, 9, 2}, 2);
  Prefetcher packed(epoch, 0, 1);
  packed.next();
  EXPECT_EQ(testing::error_of([&] { packed.next(); }), "no example 9: the dataset has 4");
}

}  // namespace
}  // namespace lathe
