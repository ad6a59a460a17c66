// The arguments of a training run, with the names and defaults of Transformers' TrainingArguments.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "data/sampler.h"
#include "kernels/device.h"
#include "tensor/dtype.h"
#include "train/schedule.h"

namespace lathe {

enum class IntervalStrategy { kNo, kSteps, kEpoch };

std::string_view name_of(IntervalStrategy strategy);  // "no", "steps", "epoch"
std::string_view name_of(SamplingStrategy strategy);  // "random", "sequential", "group_by_length"
// The strategy of that name; Error "--option name: …" listing the names otherwise.
IntervalStrategy interval_strategy_named(std::string_view name, std::string_view option);
SamplingStrategy sampling_strategy_named(std::string_view name);

struct TrainingArguments {
  std::string output_dir;

  // Batches. One optimizer step sees per_device_train_batch_size x gradient_accumulation_steps x
  // num_processes examples.
  int64_t per_device_train_batch_size = 8;
  int64_t per_device_eval_batch_size = 8;
  int64_t gradient_accumulation_steps = 1;
  int64_t num_processes = 1;  // ranks that train together (train/communicator.h)
  SamplingStrategy train_sampling_strategy = SamplingStrategy::kRandom;

  // Optimizer.
  double learning_rate = 5e-5;
  double weight_decay = 0.0;  // not of biases and LayerNorm
  double adam_beta1 = 0.9;
  double adam_beta2 = 0.999;
  double adam_epsilon = 1e-8;
  double max_grad_norm = 1.0;  // 0: no clipping

  // Schedule. A max_steps above 0 counts instead of num_train_epochs.
  double num_train_epochs = 3.0;
  int64_t max_steps = -1;
  SchedulerType lr_scheduler_type = SchedulerType::kLinear;
  double warmup_steps = 0.0;  // below 1: that share of all steps

  // Linear layers round what they multiply to bfloat16; weights, gradients and sums stay floats.
  bool bf16 = false;
  // Who multiplies on a GPU: "cublaslt" (where it is installed; the default) or "lathe".
  std::optional<std::string> gemm;
  // Whether a GPU gets a step as one graph (true unless said otherwise; with one process).
  std::optional<bool> cuda_graphs;

  // Random numbers: of dropout and new heads; of the order of the examples (`seed` when absent).
  uint64_t seed = 42;
  std::optional<uint64_t> data_seed;

  // When to log, evaluate and save. Steps below 1 are that share of all steps.
  IntervalStrategy logging_strategy = IntervalStrategy::kSteps;
  double logging_steps = 500;
  bool logging_first_step = false;
  IntervalStrategy eval_strategy = IntervalStrategy::kNo;
  std::optional<double> eval_steps;  // logging_steps when absent
  IntervalStrategy save_strategy = IntervalStrategy::kSteps;
  double save_steps = 500;
  std::optional<int64_t> save_total_limit;  // the oldest checkpoints beyond that many are removed

  // Which checkpoint is the result. The metric is "loss" when absent; greater is better unless its
  // name ends in "loss".
  bool load_best_model_at_end = false;
  std::optional<std::string> metric_for_best_model;
  std::optional<bool> greater_is_better;

  // A checkpoint directory to continue from, or empty.
  std::string resume_from_checkpoint;

  Gemm gemm_kind() const { return gemm == "lathe" ? Gemm::kOwn : Gemm::kCublas; }
  int64_t batches_per_update() const { return gradient_accumulation_steps * num_processes; }
  uint64_t order_seed() const { return data_seed.value_or(seed); }
  // The metric that decides which model is best, with its prefix "eval_"; empty where none does.
  std::string best_metric_name() const;
  bool best_metric_is_greatest() const;
};

// Error naming the option, its value and what would be right, for values out of range and for
// options that contradict each other.
void check_arguments(const TrainingArguments& arguments);

// Error for arguments that the device cannot follow: gemm and cuda_graphs are for GPUs.
void check_device(const TrainingArguments& arguments, const Device& device);

// Whether training captures steps as graphs (step_graphs.h). Sums over processes are not captured.
bool captures_steps(const TrainingArguments& arguments, const Device& device);

// Of a model's steps.
Precision precision_of(const TrainingArguments& arguments);

// What a run of those arguments over that many examples consists of.
struct TrainingPlan {
  int64_t examples;
  int64_t batches_per_epoch;  // micro-batches
  int64_t updates_per_epoch;  // optimizer steps
  int64_t epochs;             // the last one may end early
  int64_t max_steps;          // optimizer steps of the whole run
  int64_t warmup_steps;
  int64_t logging_steps, eval_steps, save_steps;
  double samples;  // examples seen in the whole run, as Transformers counts them
};

// Error when there are no examples.
TrainingPlan plan_training(const TrainingArguments& arguments, int64_t examples);

}  // namespace lathe
