// Where a training run stands: what trainer_state.json holds, under the names that Transformers
// gives it.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/json.h"

namespace lathe {

struct TrainerState {
  double epoch = 0.0;
  int64_t global_step = 0;  // optimizer steps made
  int64_t max_steps = 0;
  int64_t num_train_epochs = 0;
  int64_t train_batch_size = 0;
  int64_t gradient_accumulation_steps = 1;
  int64_t num_processes = 1;
  int64_t logging_steps = 0, eval_steps = 0, save_steps = 0;
  double total_flos =
      0.0;  // 6 x real tokens x parameters outside the embeddings, as Transformers estimates it
  std::vector<Json::Object> log_history;

  // Of the evaluations so far, by metric_for_best_model.
  std::optional<double> best_metric;
  std::optional<int64_t> best_global_step;
  std::optional<std::string> best_model_checkpoint;

  // For the mean losses in log_history: the sum of the steps' losses since the last log, and before
  // it.
  double loss_since_log = 0.0;
  double loss_logged = 0.0;
  int64_t last_logged_step = 0;
};

Json to_json(const TrainerState& state);
// Error naming the file and the key for a missing one or one of the wrong kind.
TrainerState read_trainer_state(const std::string& path);

}  // namespace lathe
