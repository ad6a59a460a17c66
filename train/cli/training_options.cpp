#include "train/cli/training_options.h"

#include "base/error.h"

namespace lathe {

namespace {

// Options whose values are names: kept as text until they have been parsed.
struct Names {
  std::string lr_scheduler_type = "linear";
  std::string logging_strategy = "steps";
  std::string eval_strategy = "no";
  std::string save_strategy = "steps";
  std::string train_sampling_strategy = "random";
  std::optional<double> warmup_ratio;
};

void add_files(Options& options, TrainOptions& train) {
  add_model_option(options, train.common);
  options.required(
      "train_file", train.train_file,
      "Labelled .csv, .tsv, .json, .jsonl (also .gz, .zst) or .arrow; a pattern; a directory");
  options.add("validation_file", train.validation_file, "The same, to evaluate on");
  options.add("test_file", train.test_file,
              "To predict: predict_results.jsonl in the output directory");
  options.required("output_dir", train.arguments.output_dir,
                   "Where the fine-tuned checkpoint and the results go");
  options.add(
      "show_worst", train.common.show_worst,
      "After the evaluation, list so many of the most confused examples, highest loss first");
  add_data_options(options, train.common);
  options.add("max_train_samples", train.max_train_samples, "Only the first so many examples");
  options.add("max_eval_samples", train.max_eval_samples, "Only the first so many examples");
  options.add("max_predict_samples", train.max_predict_samples, "Only the first so many examples");
}

void add_optimizer(Options& options, TrainingArguments& arguments,
                   std::optional<int64_t>& num_processes, Names& names) {
  options.group("Optimizer and schedule");
  options.add("learning_rate", arguments.learning_rate, "Highest learning rate of AdamW");
  options.add("num_train_epochs", arguments.num_train_epochs, "Passes over the training file");
  options.add("max_steps", arguments.max_steps,
              "Optimizer steps, instead of num_train_epochs when above 0");
  options.add("per_device_train_batch_size", arguments.per_device_train_batch_size,
              "Examples in a batch");
  options.add("per_device_eval_batch_size", arguments.per_device_eval_batch_size,
              "Examples in a batch");
  options.add("gradient_accumulation_steps", arguments.gradient_accumulation_steps,
              "Batches in an optimizer step");
  options.add(
      "num_processes", num_processes,
      "Ranks on this machine, each with a replica of the model and its part of every batch [1, or "
      "what mpirun or srun started]");
  options.add("lr_scheduler_type", names.lr_scheduler_type,
              "linear, cosine, constant, constant_with_warmup");
  options.add("warmup_steps", arguments.warmup_steps,
              "Steps of rising learning rate; below 1: a share of all steps");
  options.add("warmup_ratio", names.warmup_ratio, "Older name of --warmup_steps below 1");
  options.add("weight_decay", arguments.weight_decay, "Of all parameters but biases and LayerNorm");
  options.add("adam_beta1", arguments.adam_beta1, "AdamW's beta1");
  options.add("adam_beta2", arguments.adam_beta2, "AdamW's beta2");
  options.add("adam_epsilon", arguments.adam_epsilon, "AdamW's epsilon");
  options.add("max_grad_norm", arguments.max_grad_norm, "Longer gradients are clipped; 0: never");
  options.add("seed", arguments.seed, "Of dropout, new weights and the order of the examples");
  options.add("data_seed", arguments.data_seed, "Of the order of the examples [seed]");
  options.add("train_sampling_strategy", names.train_sampling_strategy,
              "random, sequential, group_by_length");
}

void add_intervals(Options& options, TrainingArguments& arguments, Names& names) {
  options.group("Logs, evaluations and checkpoints (steps below 1: a share of all steps)");
  options.add("logging_strategy", names.logging_strategy, "no, steps, epoch");
  options.add("logging_steps", arguments.logging_steps, "Log every so many steps");
  options.flag("logging_first_step", arguments.logging_first_step, "Log the first step too");
  options.add("eval_strategy", names.eval_strategy, "Evaluate while training: no, steps, epoch");
  options.add("eval_steps", arguments.eval_steps, "Evaluate every so many steps [logging_steps]");
  options.add("save_strategy", names.save_strategy, "Write OUT/checkpoint-N: no, steps, epoch");
  options.add("save_steps", arguments.save_steps, "Save every so many steps");
  options.add("save_total_limit", arguments.save_total_limit,
              "Keep so many checkpoints, the newest and the best");
  options.flag("load_best_model_at_end", arguments.load_best_model_at_end,
               "The result is the best model evaluated");
  options.add("metric_for_best_model", arguments.metric_for_best_model,
              "Which metric decides [loss]");
  options.flag("greater_is_better", arguments.greater_is_better,
               "Whether more of it is better [unless it is a loss]");
  options.add_with_default_value(
      "resume_from_checkpoint", arguments.resume_from_checkpoint,
      "Continue from this checkpoint, or from the newest in the output directory");
}

void add_model_changes(Options& options, TrainOptions& train) {
  options.group("Model");
  options.add("config_overrides", train.config_overrides,
              "Changes to config.json: hidden_dropout_prob=0,...");
  options.flag("ignore_mismatched_sizes", train.ignore_mismatched_sizes,
               "Replace a head of another number of labels by a new one");
}

}  // namespace

bool parse_train_options(const Arguments& arguments, TrainOptions& train) {
  Names names;
  Options options("train", "Fine-tunes a BERT checkpoint on a file of labelled text.");
  add_files(options, train);
  add_optimizer(options, train.arguments, train.num_processes, names);
  add_intervals(options, train.arguments, names);
  add_model_changes(options, train);
  add_device_options(options, train.common);
  options.add("gemm", train.arguments.gemm,
              "On a GPU: who multiplies, cublaslt or lathe [cublaslt, where it is installed]");
  options.flag("cuda_graphs", train.arguments.cuda_graphs,
               "On a GPU: a step as one launch; false: kernel by kernel [true, with one process]");
  if (!options.parse(arguments)) return false;

  TrainingArguments& chosen = train.arguments;
  chosen.bf16 = train.common.bf16;
  chosen.num_processes = train.num_processes.value_or(1);
  chosen.lr_scheduler_type = scheduler_type_named(names.lr_scheduler_type);
  chosen.logging_strategy = interval_strategy_named(names.logging_strategy, "logging_strategy");
  chosen.eval_strategy = interval_strategy_named(names.eval_strategy, "eval_strategy");
  chosen.save_strategy = interval_strategy_named(names.save_strategy, "save_strategy");
  chosen.train_sampling_strategy = sampling_strategy_named(names.train_sampling_strategy);
  if (names.warmup_ratio) {
    if (options.given("warmup_steps"))
      fail("--warmup_ratio: --warmup_steps is given too; one of them is enough");
    if (*names.warmup_ratio < 0 || *names.warmup_ratio >= 1) {
      fail("--warmup_ratio ", *names.warmup_ratio, ": must be in [0, 1)");
    }
    chosen.warmup_steps = *names.warmup_ratio;
  }
  return true;
}

}  // namespace lathe
