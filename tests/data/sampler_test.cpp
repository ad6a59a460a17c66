#include "data/sampler.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "tensor/random.h"
#include "tests/temporary_directory.h"

namespace lathe {
namespace {

using Order = std::vector<int64_t>;

std::vector<int64_t> random_lengths(int64_t count) {
  Random random(3);
  std::vector<int64_t> lengths;
  for (int64_t i = 0; i < count; ++i)
    lengths.push_back(2 + static_cast<int64_t>(random.below(120)));
  return lengths;
}

bool is_permutation_of_all(Order order, std::size_t count) {
  std::sort(order.begin(), order.end());
  for (std::size_t i = 0; i < order.size(); ++i) {
    if (order[i] != static_cast<int64_t>(i)) return false;
  }
  return order.size() == count;
}

TEST(Sampler, VisitsEveryExampleOnce) {
  for (const int64_t count : {0, 1, 2, 7, 8, 9, 100, 1000}) {
    const auto lengths = random_lengths(count);
    for (const auto strategy : {SamplingStrategy::kRandom, SamplingStrategy::kSequential,
                                SamplingStrategy::kGroupByLength}) {
      EXPECT_TRUE(is_permutation_of_all(epoch_order(strategy, lengths, 8, 42, 0), lengths.size()))
          << count;
    }
  }
}

TEST(Sampler, DependsOnSeedAndEpochAlone) {
  const auto lengths = random_lengths(200);
  const auto order = [&](uint64_t seed, int64_t epoch) {
    return epoch_order(SamplingStrategy::kRandom, lengths, 8, seed, epoch);
  };
  EXPECT_EQ(order(42, 1), order(42, 1));
  EXPECT_NE(order(42, 1), order(42, 2));
  EXPECT_NE(order(42, 1), order(43, 1));
  EXPECT_EQ(epoch_order(SamplingStrategy::kSequential, std::vector<int64_t>{5, 9, 1}, 2, 42, 1),
            (Order{0, 1, 2}));
}

// A change of these numbers means that published runs no longer repeat.
TEST(Sampler, KeepsItsOrderForever) {
  const std::vector<int64_t> lengths(8, 1);
  EXPECT_EQ(epoch_order(SamplingStrategy::kRandom, lengths, 2, 42, 0),
            (Order{3, 7, 2, 4, 5, 0, 6, 1}));
}

TEST(Sampler, GroupsSimilarLengthsWithTheLongestFirst) {
  const auto lengths = random_lengths(10000);
  const int64_t batch = 8, megabatch = 50 * batch;
  const Order order = epoch_order(SamplingStrategy::kGroupByLength, lengths, batch, 42, 0);
  const auto length = [&](std::size_t i) { return lengths[static_cast<std::size_t>(order[i])]; };
  EXPECT_EQ(length(0), *std::max_element(lengths.begin(), lengths.end()));
  for (std::size_t i = 0; i + 1 < order.size(); ++i) {
    const bool first_of_megabatch =
        i % megabatch == 0;  // the longest of all was exchanged with one of these
    const bool last_of_megabatch = (i + 1) % megabatch == 0;
    if (!first_of_megabatch && !last_of_megabatch) {
      EXPECT_GE(length(i), length(i + 1)) << i;
    }
  }
}

// min(examples / (4 batches), 50) batches make a megabatch: 100 examples in batches of 8 make
// megabatches of 24.
TEST(Sampler, SmallDatasetsStillMakeFourMegabatches) {
  const auto lengths = random_lengths(100);
  const Order order = epoch_order(SamplingStrategy::kGroupByLength, lengths, 8, 42, 0);
  int rises = 0;
  for (std::size_t i = 0; i + 1 < order.size(); ++i) {
    const bool rise = lengths[static_cast<std::size_t>(order[i])] <
                      lengths[static_cast<std::size_t>(order[i + 1])];
    if (rise && (i + 1) % 24 != 0) {
      EXPECT_EQ(i % 24, 0u) << i;  // behind what was exchanged with the longest
    }
    if (rise && (i + 1) % 24 == 0) ++rises;
  }
  EXPECT_GE(rises, 2);
}

TEST(Sampler, OrderByLengthIsStable) {
  EXPECT_EQ(order_by_length(std::vector<int64_t>{3, 9, 3, 1, 9}), (Order{1, 4, 0, 2, 3}));
  EXPECT_TRUE(order_by_length({}).empty());
}

TEST(Sampler, RefusesEmptyBatches) {
  EXPECT_EQ(testing::error_of([] { epoch_order(SamplingStrategy::kRandom, {}, 0, 1, 0); }),
            "a batch size of 0: at least 1 is needed");
}

}  // namespace
}  // namespace lathe
