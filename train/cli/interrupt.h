// Ctrl-C: the program ends at the next batch, in order, so that nothing is left half-written.
#pragma once

#include "train/callback.h"

namespace lathe {

// From now on SIGINT and SIGTERM are noted; a second one, half a second later or more, ends
// the program at once.
void install_interrupt_handler();
bool interrupted();
// Error "interrupted" when one has been noted.
void throw_if_interrupted();

class InterruptCallback : public TrainerCallback {
 public:
  void on_step_end(const TrainerState& state, const StepReport& step) override;
  void on_prediction_step(int64_t done, int64_t batches) override;
};

}  // namespace lathe
