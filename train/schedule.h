// Learning-rate schedules, as Transformers' get_scheduler defines them.
#pragma once

#include <cstdint>
#include <string_view>

namespace lathe {

enum class SchedulerType { kLinear, kCosine, kConstant, kConstantWithWarmup };

std::string_view name_of(
    SchedulerType type);  // "linear", "cosine", "constant", "constant_with_warmup"
SchedulerType scheduler_type_named(std::string_view name);  // Error listing the names otherwise

// With w warm-up steps, T steps in all and s completed steps, the rate is learning_rate times
//   s / max(1, w)                                     while s < w (not kConstant), and then
//   linear    max(0, (T - s) / max(1, T - w))
//   cosine    max(0, (1 + cos(π (s - w) / max(1, T - w))) / 2)
//   constant  1
class Schedule {
 public:
  Schedule(SchedulerType type, double learning_rate, int64_t warmup_steps, int64_t total_steps)
      : type_(type), learning_rate_(learning_rate), warmup_(warmup_steps), total_(total_steps) {}

  // The rate of the update that follows `completed` updates.
  double rate(int64_t completed) const;

 private:
  SchedulerType type_;
  double learning_rate_;
  int64_t warmup_, total_;
};

}  // namespace lathe
