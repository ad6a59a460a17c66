#include "train/progress.h"

#include <unistd.h>

#include <algorithm>
#include <cmath>

namespace lathe {

namespace {

constexpr int kBarWidth = 24;
constexpr int kColumnWidth = 12;

template <class... Values>
std::string format(const char* pattern, Values... values) {
  char text[256];
  std::snprintf(text, sizeof text, pattern, values...);
  return text;
}

std::string bar(double share) {
  const int filled = static_cast<int>(std::floor(share * kBarWidth));
  std::string text;
  for (int i = 0; i < kBarWidth; ++i) text += i < filled ? "█" : "·";
  return text;
}

std::string duration(double seconds) {
  const auto whole = static_cast<long long>(std::ceil(seconds));
  if (whole >= 3600) return format("%lld:%02lld:%02lld", whole / 3600, whole / 60 % 60, whole % 60);
  return format("%lld:%02lld", whole / 60, whole % 60);
}

// The values of an evaluation that a table shows.
bool is_result(const std::string& key) {
  return key.starts_with("eval_") && key != "eval_runtime" && !key.ends_with("_per_second");
}

std::string number(const Json& value) { return format("%.4g", value.as_double()); }

}  // namespace

void ProgressBar::on_train_begin(const TrainingPlan& plan, const TrainerState& state) {
  start_ = Clock::now();
  start_step_ = state.global_step;
  max_steps_ = plan.max_steps;
  examples_ = 0;
  mean_loss_ = 0.0;
}

void ProgressBar::on_step_end(const TrainerState& state, const StepReport& step) {
  const int64_t steps = state.global_step - start_step_;
  const double weight =
      examples_ == 0 ? 1.0 : 1.0 / static_cast<double>(std::min<int64_t>(steps, 20));
  mean_loss_ += (step.loss - mean_loss_) * weight;
  examples_ += step.examples;
  const double seconds = std::chrono::duration<double>(Clock::now() - start_).count();
  const double left =
      seconds / static_cast<double>(steps) * static_cast<double>(max_steps_ - state.global_step);
  const double share = static_cast<double>(state.global_step) / static_cast<double>(max_steps_);
  draw(format("%3.0f%% ", 100.0 * share) + bar(share) +
           format(" %lld/%lld  %.1f samples/s  %s left  loss %.4f  lr %.2e",
                  static_cast<long long>(state.global_step), static_cast<long long>(max_steps_),
                  static_cast<double>(examples_) / seconds, duration(left).c_str(), mean_loss_,
                  step.learning_rate),
       state.global_step == max_steps_);
}

void ProgressBar::on_prediction_step(int64_t done, int64_t batches) {
  const double share = static_cast<double>(done) / static_cast<double>(batches);
  draw(format("%3.0f%% ", 100.0 * share) + bar(share) +
           format(" predicting %lld/%lld batches", static_cast<long long>(done),
                  static_cast<long long>(batches)),
       false);
  if (done == batches) clear();
}

void ProgressBar::on_evaluate(const TrainerState& state, const Json::Object& metrics) {
  clear();
  std::string header = format("%8s%10s", "epoch", "step");
  std::string row = format("%8.2f%10lld", state.epoch, static_cast<long long>(state.global_step));
  for (const auto& [key, value] : metrics) {
    if (!is_result(key)) continue;
    const std::string name = key.substr(5);
    const int width = std::max(kColumnWidth, static_cast<int>(name.size()) + 2);
    header += format("%*s", width, name.c_str());
    row += format("%*.4f", width, value.as_double());
  }
  if (!header_printed_) std::fprintf(out_, "%s\n", header.c_str());
  header_printed_ = true;
  std::fprintf(out_, "%s\n", row.c_str());
  std::fflush(out_);
}

void ProgressBar::on_train_end(const TrainerState&) { clear(); }

// Ten times a second is what an eye can follow; drawing more often would only cost time.
void ProgressBar::draw(const std::string& line, bool last) {
  const auto now = Clock::now();
  if (!last && now - drawn_ < std::chrono::milliseconds(100)) return;
  drawn_ = now;
  std::fprintf(out_, "\r\x1b[K%s", line.c_str());
  std::fflush(out_);
  line_open_ = true;
}

void ProgressBar::clear() {
  if (!line_open_) return;
  std::fputs("\r\x1b[K", out_);
  std::fflush(out_);
  line_open_ = false;
}

void LogLines::on_train_begin(const TrainingPlan&, const TrainerState&) { training_ = true; }

void LogLines::on_log(const TrainerState& state, const Json::Object& entry) {
  const bool summary = !entry.empty() && entry.front().first.starts_with("train_");
  if (!training_ || summary) return;
  std::string line = format("step %lld/%lld  epoch %.2f", static_cast<long long>(state.global_step),
                            static_cast<long long>(state.max_steps), state.epoch);
  for (const auto& [key, value] : entry) {
    if (key != "epoch" && key != "step") line += "  " + key + " " + number(value);
  }
  std::fprintf(out_, "%s\n", line.c_str());
  std::fflush(out_);
}

void LogLines::on_save(const TrainerState&, const std::string& checkpoint) {
  std::fprintf(out_, "saved %s\n", checkpoint.c_str());
  std::fflush(out_);
}

void LogLines::on_train_end(const TrainerState&) { training_ = false; }

std::unique_ptr<TrainerCallback> progress_for(std::FILE* out) {
  if (isatty(fileno(out)) == 1) return std::make_unique<ProgressBar>(out);
  return std::make_unique<LogLines>(out);
}

}  // namespace lathe
