#include "train/cli/interrupt.h"

#include <csignal>
#include <ctime>

#include "base/error.h"

namespace lathe {

namespace {

volatile std::sig_atomic_t noted = 0;
volatile double first_seconds = 0.0;

// timeout(1), and a shell that ends its jobs, send the same request twice: to the program and to
// its process group.
constexpr double kSameRequestSeconds = 0.5;

double monotonic_seconds() {
  timespec now{};
  clock_gettime(CLOCK_MONOTONIC, &now);
  return static_cast<double>(now.tv_sec) + 1e-9 * static_cast<double>(now.tv_nsec);
}

extern "C" void note_interrupt(int signal) {
  const double now = monotonic_seconds();
  if (noted == 0) first_seconds = now;
  noted = 1;
  if (now - first_seconds < kSameRequestSeconds) return;
  std::signal(signal, SIG_DFL);
  std::raise(signal);
}

}  // namespace

void install_interrupt_handler() {
  std::signal(SIGINT, note_interrupt);
  std::signal(SIGTERM, note_interrupt);
}

bool interrupted() { return noted != 0; }

void throw_if_interrupted() {
  if (interrupted()) fail("interrupted");
}

void InterruptCallback::on_step_end(const TrainerState& state, const StepReport&) {
  if (interrupted()) {
    fail("interrupted after step ", state.global_step, " of ", state.max_steps,
         "; --resume_from_checkpoint continues from the last checkpoint, where one was saved");
  }
}

void InterruptCallback::on_prediction_step(int64_t, int64_t) { throw_if_interrupted(); }

}  // namespace lathe
