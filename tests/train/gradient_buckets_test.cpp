#include "train/gradient_buckets.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <functional>
#include <string>
#include <vector>

#include "base/error.h"
#include "tests/temporary_directory.h"
#include "tests/train/tiny_task.h"

namespace lathe::testing {
namespace {

// The gradients of a rank: some rows of the word table, all else dense.
void fill(ParameterStore& parameters, int rank) {
  parameters.allocate_gradients();
  Random random(7, static_cast<uint64_t>(rank));
  for (Parameter& parameter : parameters.all()) {
    const int64_t rows = parameter.shape[0], columns = parameter.shape.count() / rows;
    for (int64_t row = 0; row < rows; ++row) {
      const bool touched = !parameter.sparse_rows || random.below(3) == 0;
      if (!touched) continue;
      // A row that was touched before and has no gradient in this step is active as well.
      if (parameter.sparse_rows) parameter.active_rows.u8()[row] = 1;
      if (parameter.sparse_rows && random.below(2) == 0) continue;
      float* gradient = parameter.gradient.f32() + row * columns;
      for (int64_t i = 0; i < columns; ++i) gradient[i] = static_cast<float>(random.normal());
    }
  }
}

struct Found {
  std::vector<float> gradients;
  std::vector<uint8_t> active_rows;
  bool operator==(const Found&) const = default;
};

Found found_in(const ParameterStore& parameters) {
  Found found;
  for (const Parameter& parameter : parameters.all()) {
    const Tensor& gradient = parameter.gradient;
    found.gradients.insert(found.gradients.end(), gradient.f32(),
                           gradient.f32() + gradient.count());
    if (!parameter.sparse_rows) continue;
    const uint8_t* rows = parameter.active_rows.u8();
    found.active_rows.insert(found.active_rows.end(), rows, rows + parameter.shape[0]);
  }
  return found;
}

// Added one rank after another.
Found expected_of(int ranks) {
  Found sum;
  for (int rank = 0; rank < ranks; ++rank) {
    const auto model = tiny_model(tiny_config(0.0), 1);
    fill(model->parameters(), rank);
    Found mine = found_in(model->parameters());
    if (rank == 0) {
      sum = mine;
      continue;
    }
    std::transform(sum.gradients.begin(), sum.gradients.end(), mine.gradients.begin(),
                   sum.gradients.begin(), std::plus<>());
    std::transform(sum.active_rows.begin(), sum.active_rows.end(), mine.active_rows.begin(),
                   sum.active_rows.begin(), [](uint8_t a, uint8_t b) { return std::max(a, b); });
  }
  return sum;
}

// Whatever the size of the buckets, and whether a rank begins them one by one or all at its end.
TEST(GradientBuckets, SumInTheOrderOfTheRanks) {
  for (const int ranks : {2, 3, 4}) {
    const Found expected = expected_of(ranks);
    for (const int64_t bytes : {int64_t{1}, int64_t{2000}, GradientBuckets::kBytes}) {
      run_ranks(ranks, [&](Communicator& communicator) {
        const auto model = tiny_model(tiny_config(0.0), 1);
        fill(model->parameters(), communicator.rank());
        GradientBuckets buckets(model->parameters(), communicator, bytes);
        if (communicator.rank() != 1) {
          for (std::size_t i = model->parameters().all().size(); i-- > 3;) buckets.begin_from(i);
        }
        buckets.finish();
        EXPECT_TRUE(found_in(model->parameters()) == expected) << ranks << " ranks, " << bytes;
        EXPECT_EQ(buckets.count() > 10u, bytes == 1);
      });
    }
  }
}

TEST(GradientBuckets, OneRankSumsNothing) {
  const auto model = tiny_model(tiny_config(0.0), 1);
  fill(model->parameters(), 0);
  const Found before = found_in(model->parameters());
  GradientBuckets buckets(model->parameters(), alone());
  buckets.begin_from(0);
  buckets.finish();
  EXPECT_TRUE(found_in(model->parameters()) == before);
  EXPECT_EQ(buckets.count(), 0u);
}

// Sums that have begun do not keep a rank from ending, or the others from hearing of it.
TEST(GradientBuckets, ARankThatFailsInBackwardEndsTheOthers) {
  std::atomic<int> lost = 0;
  const std::string error = error_of([&] {
    run_ranks(3, [&](Communicator& communicator) {
      const auto model = tiny_model(tiny_config(0.0), 1);
      fill(model->parameters(), communicator.rank());
      GradientBuckets buckets(model->parameters(), communicator, 1);
      buckets.begin_from(model->parameters().all().size() / 2);
      if (communicator.rank() == 1) fail("out of luck");
      try {
        buckets.finish();
      } catch (const RankLost&) {
        ++lost;
        throw;
      }
    });
  });
  EXPECT_EQ(error, "out of luck");
  EXPECT_EQ(lost, 2);
}

}  // namespace
}  // namespace lathe::testing
