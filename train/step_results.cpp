#include "train/step_results.h"

#include <cstring>
#include <utility>

namespace lathe {

StepResults::StepResults(Device& device)
    : device_(device),
      ahead_(device.is_host() ? 0 : kAhead),
      loss_sum_(sizeof(double), "a sum of losses", device) {
  for (int64_t i = 0; i <= ahead_; ++i) free_.push_back(std::make_unique<Slot>(device));
}

void StepResults::push(const StepPlan& plan, const double* squared_gradient_norm) {
  std::unique_ptr<Slot> slot = std::move(free_.front());
  free_.pop_front();
  device_.download(slot->memory.data(), loss_sum_.data(), sizeof(double));
  device_.download(slot->memory.data() + sizeof(double), squared_gradient_norm, sizeof(double));
  slot->copied.set();
  waiting_.push_back({plan, std::move(slot)});
}

StepResults::Result StepResults::pop() {
  Waiting oldest = std::move(waiting_.front());
  waiting_.pop_front();
  oldest.slot->copied.wait();
  double found[2];
  std::memcpy(found, oldest.slot->memory.data(), sizeof found);
  free_.push_back(std::move(oldest.slot));
  return {oldest.plan, found[0], found[1]};
}

}  // namespace lathe
