#include "train/schedule.h"

#include <algorithm>
#include <cmath>
#include <numbers>

#include "base/error.h"

namespace lathe {

std::string_view name_of(SchedulerType type) {
  switch (type) {
    case SchedulerType::kLinear:
      return "linear";
    case SchedulerType::kCosine:
      return "cosine";
    case SchedulerType::kConstant:
      return "constant";
    case SchedulerType::kConstantWithWarmup:
      return "constant_with_warmup";
  }
  return "";
}

SchedulerType scheduler_type_named(std::string_view name) {
  for (const auto type : {SchedulerType::kLinear, SchedulerType::kCosine, SchedulerType::kConstant,
                          SchedulerType::kConstantWithWarmup}) {
    if (name == name_of(type)) return type;
  }
  fail("--lr_scheduler_type ", name, ": must be linear, cosine, constant or constant_with_warmup");
}

double Schedule::rate(int64_t completed) const {
  if (type_ == SchedulerType::kConstant) return learning_rate_;
  const auto at_least_one = [](int64_t steps) {
    return static_cast<double>(std::max<int64_t>(1, steps));
  };
  if (completed < warmup_)
    return learning_rate_ * (static_cast<double>(completed) / at_least_one(warmup_));
  const double span = at_least_one(total_ - warmup_);
  if (type_ == SchedulerType::kLinear) {
    return learning_rate_ * std::max(0.0, static_cast<double>(total_ - completed) / span);
  }
  if (type_ == SchedulerType::kCosine) {
    const double progress = static_cast<double>(completed - warmup_) / span;
    return learning_rate_ * std::max(0.0, 0.5 * (1.0 + std::cos(std::numbers::pi * progress)));
  }
  return learning_rate_;
}

}  // namespace lathe
