// What wants to know how a training run proceeds: progress bars, loggers, a user's own code.
#pragma once

#include <cstdint>
#include <string>

#include "base/json.h"
#include "train/arguments.h"
#include "train/state.h"

namespace lathe {

// One optimizer step.
struct StepReport {
  double loss;           // the mean over its examples
  double grad_norm;      // before clipping
  double learning_rate;  // that it was made with
  int64_t examples;
};

// Called in the order of the run. on_step_end() is told of every step, on a GPU up to 4 steps after
// it was asked for; when a log, an evaluation or a checkpoint is made, all steps before it are
// known. What a callback throws ends the run; no output is left half-written.
class TrainerCallback {
 public:
  virtual ~TrainerCallback() = default;
  virtual void on_train_begin(const TrainingPlan& /*plan*/, const TrainerState& /*state*/) {}
  virtual void on_step_end(const TrainerState& /*state*/, const StepReport& /*step*/) {}
  virtual void on_log(const TrainerState& /*state*/, const Json::Object& /*entry*/) {}
  virtual void on_prediction_step(int64_t /*done*/, int64_t /*batches*/) {}
  virtual void on_evaluate(const TrainerState& /*state*/, const Json::Object& /*metrics*/) {}
  virtual void on_save(const TrainerState& /*state*/, const std::string& /*checkpoint*/) {}
  virtual void on_train_end(const TrainerState& /*state*/) {}
};

}  // namespace lathe
