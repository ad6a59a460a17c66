// What optimizer steps found, on its way back to the host, which on a GPU learns it some steps
// later and need not wait.
#pragma once

#include <cstdint>
#include <deque>
#include <memory>

#include "tensor/buffer.h"
#include "tensor/mark.h"

namespace lathe {

// What the host knows of a step when it asks for it.
struct StepPlan {
  int64_t step;  // 1 for the first
  int64_t examples;
  double learning_rate;
  double flos;  // of this rank's part
};

class StepResults {
 public:
  explicit StepResults(Device& device);

  // Where the step that is being put together leaves the sum of its losses: memory of the device.
  double* loss_sum() { return reinterpret_cast<double*>(loss_sum_.data()); }

  // To be called when everything of the step has been asked for.
  void push(const StepPlan& plan, const double* squared_gradient_norm);

  struct Result {
    StepPlan plan;
    double loss_sum, squared_gradient_norm;
  };
  // Whether the oldest step's result should be taken: when the host is as far ahead as it may be.
  // On a CPU always.
  bool due() const { return std::ssize(waiting_) > ahead_; }
  bool empty() const { return waiting_.empty(); }
  // The oldest step's. Waits for it.
  Result pop();

 private:
  static constexpr int64_t kAhead = 4;

  // Two doubles, and when they are there.
  struct Slot {
    explicit Slot(Device& device)
        : memory(2 * sizeof(double), "a step's result", device, Buffer::Kind::kStaging),
          copied(device) {}
    Buffer memory;
    Mark copied;
  };
  struct Waiting {
    StepPlan plan;
    std::unique_ptr<Slot> slot;
  };

  Device& device_;
  int64_t ahead_;
  Buffer loss_sum_;
  std::deque<Waiting> waiting_;
  std::deque<std::unique_ptr<Slot>> free_;
};

}  // namespace lathe
