// The training loop, with evaluation, logs and checkpoints: Transformers' Trainer for sequence
// classification.
//
// Where this differs from Transformers: with gradient accumulation the gradient is that of the mean
// over all examples of the accumulated batch; predictions come in the order of the file; a run that
// continues from a checkpoint is the same as one that never stopped, bit for bit; and a loss or
// gradient that is not finite ends the run.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "nn/sequence_classifier.h"
#include "tokenize/tokenizer.h"
#include "train/adamw.h"
#include "train/arguments.h"
#include "train/callback.h"
#include "train/communicator.h"
#include "train/glue.h"
#include "train/predictions.h"
#include "train/prefetcher.h"
#include "train/state.h"

namespace lathe {

class Trainer {
 public:
  using ComputeMetrics = std::function<Metrics(const Predictions&, const Targets&)>;

  // The model, its problem_type set in its config, the tokenizer (saved with checkpoints; may be
  // null) and the communicator must outlive the trainer. Error for arguments that check_arguments()
  // refuses. Everything is computed where the model's parameters are (ParameterStore::move_to()).
  //
  // With a communicator of N ranks every rank makes its own trainer, over a replica of the same
  // model, and calls the same functions with the same examples. Each takes every N-th micro-batch,
  // so that N ranks do what one does with N times the gradient_accumulation_steps: the same order,
  // dropout and (to rounding) gradients. Answers and states are the same on all ranks; rank 0
  // writes.
  Trainer(BertForSequenceClassification& model, const Tokenizer* tokenizer,
          TrainingArguments arguments, ComputeMetrics compute_metrics,
          Communicator& communicator = alone());

  void add_callback(std::unique_ptr<TrainerCallback> callback);

  // Trains on `train`, evaluating on `validation` (may be null) as the arguments say, and returns
  // train_runtime, train_samples_per_second, train_steps_per_second, total_flos, train_loss and
  // epoch. Error naming the step and the first parameter concerned when a loss or a gradient is not
  // finite.
  Json::Object train(const Examples& train, const Examples* validation);

  Predictions predict(const Examples& examples);
  // PREFIX_loss, the metrics, PREFIX_runtime, PREFIX_samples_per_second, PREFIX_steps_per_second
  // and epoch of answers to labelled examples, also written to the log. Error when the examples are
  // not labelled.
  Json::Object score(const Predictions& predictions, const Examples& examples,
                     const std::string& prefix = "eval");
  // score(predict(examples), examples).
  Json::Object evaluate(const Examples& examples) { return score(predict(examples), examples); }

  const TrainerState& state() const { return state_; }
  const TrainingArguments& arguments() const { return arguments_; }
  ProblemType problem_type() const { return problem_type_; }

 private:
  struct Run;  // what exists while train() runs
  struct MicroBatch;

  int64_t resume(Run& run);
  void run_epoch(Run& run, int64_t epoch, int64_t first_update);
  void update(Run& run, const Epoch& batches, Prefetcher& packed, int64_t epoch, int64_t index);
  void take_result(Run& run);
  void add_losses(Run& run, const Tensor& losses, bool accumulates);
  double run_micro_batches(Run& run, Prefetcher& packed, int64_t first, int64_t last,
                           int64_t examples);
  void compute(Run& run, const MicroBatch& batch);
  void move_parameters(Run& run, const AdamWStep* step);
  [[noreturn]] void stop_at_non_finite(int64_t step, const char* what, double value) const;
  void log_evaluate_save(Run& run, bool log_now, bool evaluate_now, bool save_now);
  void log_losses(const Run& run);
  void log(Json::Object entry);
  void note_best(const Json& metrics);
  void save(const Run& run);
  Json::Object finish(Run& run);
  void reserve_arena(int64_t bytes);
  Device& device() const { return model_.parameters().device(); }
  Context context();
  // Makes the parameters' bfloat16s what the parameters are, where the run computes with them.
  void round_parameters();

  BertForSequenceClassification& model_;
  const Tokenizer* tokenizer_;
  TrainingArguments arguments_;
  ComputeMetrics compute_metrics_;
  Communicator& communicator_;
  ProblemType problem_type_;
  std::vector<std::unique_ptr<TrainerCallback>> callbacks_;
  TrainerState state_;
  std::unique_ptr<Arena> arena_;
};

}  // namespace lathe
