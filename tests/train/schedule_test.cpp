#include "train/schedule.h"

#include <gtest/gtest.h>

#include "tests/temporary_directory.h"
#include "tests/train/golden.h"

namespace lathe {
namespace {

TEST(Schedule, EqualsTransformers) {
  for (const Json& golden : testing::train_golden("schedules").as_array()) {
    const auto type = scheduler_type_named(golden.find("name")->as_string());
    const Schedule schedule(type, 2e-5, golden.find("warmup")->as_integer(),
                            golden.find("total")->as_integer());
    const auto rates = testing::numbers<double>(*golden.find("rates"));
    for (std::size_t step = 0; step < rates.size(); ++step) {
      // PyTorch's closed form and ours round differently in the last digits.
      EXPECT_NEAR(schedule.rate(static_cast<int64_t>(step)), rates[step], 1e-19)
          << golden.dump() << " at step " << step;
    }
  }
}

TEST(Schedule, NamesAreTransformers) {
  for (const char* name : {"linear", "cosine", "constant", "constant_with_warmup"}) {
    EXPECT_EQ(name_of(scheduler_type_named(name)), name);
  }
  EXPECT_EQ(testing::error_of([] { scheduler_type_named("polynomial"); }),
            "--lr_scheduler_type polynomial: must be linear, cosine, constant or "
            "constant_with_warmup");
}

}  // namespace
}  // namespace lathe
