// What a person sees of a run: a bar on a terminal, plain lines in a pipe or a log.
#pragma once

#include <chrono>
#include <cstdio>
#include <memory>
#include <string>

#include "train/callback.h"

namespace lathe {

// A bar that is redrawn in place: share done, rate, time left, loss and learning rate; above it a
// table that gains a row with every evaluation.
class ProgressBar : public TrainerCallback {
 public:
  explicit ProgressBar(std::FILE* out) : out_(out) {}

  void on_train_begin(const TrainingPlan& plan, const TrainerState& state) override;
  void on_step_end(const TrainerState& state, const StepReport& step) override;
  void on_prediction_step(int64_t done, int64_t batches) override;
  void on_evaluate(const TrainerState& state, const Json::Object& metrics) override;
  void on_train_end(const TrainerState& state) override;

 private:
  using Clock = std::chrono::steady_clock;
  void draw(const std::string& line, bool last);
  void clear();

  std::FILE* out_;
  Clock::time_point start_{}, drawn_{};
  int64_t start_step_ = 0, max_steps_ = 0, examples_ = 0;
  double mean_loss_ = 0.0;  // an exponential mean over about 20 steps
  bool header_printed_ = false, line_open_ = false;
};

// A line for every entry of the log and every checkpoint.
class LogLines : public TrainerCallback {
 public:
  explicit LogLines(std::FILE* out) : out_(out) {}

  void on_train_begin(const TrainingPlan& plan, const TrainerState& state) override;
  void on_log(const TrainerState& state, const Json::Object& entry) override;
  void on_save(const TrainerState& state, const std::string& checkpoint) override;
  void on_train_end(const TrainerState& state) override;

 private:
  std::FILE* out_;
  bool training_ = false;
};

// The one that suits `out`.
std::unique_ptr<TrainerCallback> progress_for(std::FILE* out);

}  // namespace lathe
