#include "train/cli/interrupt.h"

#include <csignal>

#include "base/error.h"

namespace lathe {

namespace {

volatile std::sig_atomic_t interrupted = 0;

extern "C" void note_interrupt(int signal) {
  interrupted = 1;
  std::signal(signal, SIG_DFL);
}

}  // namespace

void install_interrupt_handler() {
  std::signal(SIGINT, note_interrupt);
  std::signal(SIGTERM, note_interrupt);
}

void throw_if_interrupted() {
  if (interrupted != 0) fail("interrupted");
}

void InterruptCallback::on_step_end(const TrainerState& state, const StepReport&) {
  if (interrupted != 0) {
    fail("interrupted after step ", state.global_step, " of ", state.max_steps,
         "; --resume_from_checkpoint continues from the last checkpoint, where one was saved");
  }
}

void InterruptCallback::on_prediction_step(int64_t, int64_t) { throw_if_interrupted(); }

}  // namespace lathe
