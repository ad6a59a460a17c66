#include "train/arguments.h"

#include <cmath>

#include "base/error.h"

namespace lathe {

namespace {

void require(bool holds, const char* option, const auto& value, const char* wanted) {
  if (!holds) fail("--", option, " ", value, ": ", wanted);
}

// A share of the run becomes a number of steps.
int64_t resolve_steps(double steps, int64_t max_steps) {
  return static_cast<int64_t>(steps < 1.0 ? std::ceil(steps * static_cast<double>(max_steps))
                                          : steps);
}

void check_best_model(const TrainingArguments& arguments) {
  if (!arguments.load_best_model_at_end) return;
  if (arguments.eval_strategy == IntervalStrategy::kNo ||
      arguments.eval_strategy != arguments.save_strategy) {
    fail(
        "--load_best_model_at_end: needs --eval_strategy and --save_strategy to be the same, steps "
        "or epoch; they are ",
        name_of(arguments.eval_strategy), " and ", name_of(arguments.save_strategy));
  }
  if (arguments.eval_strategy != IntervalStrategy::kSteps) return;
  const double eval_steps = arguments.eval_steps.value_or(arguments.logging_steps);
  const double ratio = arguments.save_steps / eval_steps;
  if (std::abs(ratio - std::round(ratio)) > 1e-9 || ratio < 0.5) {
    fail("--load_best_model_at_end: --save_steps ", arguments.save_steps,
         " must be a multiple of --eval_steps ", eval_steps,
         ", so that every saved model has been evaluated");
  }
}

}  // namespace

std::string_view name_of(IntervalStrategy strategy) {
  switch (strategy) {
    case IntervalStrategy::kNo:
      return "no";
    case IntervalStrategy::kSteps:
      return "steps";
    case IntervalStrategy::kEpoch:
      return "epoch";
  }
  return "";
}

std::string_view name_of(SamplingStrategy strategy) {
  switch (strategy) {
    case SamplingStrategy::kRandom:
      return "random";
    case SamplingStrategy::kSequential:
      return "sequential";
    case SamplingStrategy::kGroupByLength:
      return "group_by_length";
  }
  return "";
}

IntervalStrategy interval_strategy_named(std::string_view name, std::string_view option) {
  for (const auto strategy :
       {IntervalStrategy::kNo, IntervalStrategy::kSteps, IntervalStrategy::kEpoch}) {
    if (name == name_of(strategy)) return strategy;
  }
  fail("--", option, " ", name, ": must be no, steps or epoch");
}

SamplingStrategy sampling_strategy_named(std::string_view name) {
  for (const auto strategy : {SamplingStrategy::kRandom, SamplingStrategy::kSequential,
                              SamplingStrategy::kGroupByLength}) {
    if (name == name_of(strategy)) return strategy;
  }
  fail("--train_sampling_strategy ", name, ": must be random, sequential or group_by_length");
}

std::string TrainingArguments::best_metric_name() const {
  if (!metric_for_best_model && !load_best_model_at_end) return "";
  const std::string name = metric_for_best_model.value_or("loss");
  return name.starts_with("eval_") ? name : "eval_" + name;
}

bool TrainingArguments::best_metric_is_greatest() const {
  return greater_is_better.value_or(!best_metric_name().ends_with("loss"));
}

void check_arguments(const TrainingArguments& a) {
  require(a.per_device_train_batch_size >= 1, "per_device_train_batch_size",
          a.per_device_train_batch_size, "must be at least 1");
  require(a.per_device_eval_batch_size >= 1, "per_device_eval_batch_size",
          a.per_device_eval_batch_size, "must be at least 1");
  require(a.gradient_accumulation_steps >= 1, "gradient_accumulation_steps",
          a.gradient_accumulation_steps, "must be at least 1");
  require(a.num_processes >= 1 && a.num_processes <= 1024, "num_processes", a.num_processes,
          "must be from 1 to 1024");
  require(a.learning_rate >= 0 && std::isfinite(a.learning_rate), "learning_rate", a.learning_rate,
          "must be 0 or more");
  require(a.weight_decay >= 0 && std::isfinite(a.weight_decay), "weight_decay", a.weight_decay,
          "must be 0 or more");
  require(a.adam_beta1 >= 0 && a.adam_beta1 < 1, "adam_beta1", a.adam_beta1, "must be in [0, 1)");
  require(a.adam_beta2 >= 0 && a.adam_beta2 < 1, "adam_beta2", a.adam_beta2, "must be in [0, 1)");
  require(a.adam_epsilon > 0 && std::isfinite(a.adam_epsilon), "adam_epsilon", a.adam_epsilon,
          "must be above 0");
  require(a.max_grad_norm >= 0, "max_grad_norm", a.max_grad_norm,
          "must be 0 (no clipping) or more");
  require(a.max_steps >= 1 || a.max_steps == -1, "max_steps", a.max_steps,
          "must be at least 1, or -1 for whole epochs");
  require(a.max_steps > 0 || (a.num_train_epochs > 0 && std::isfinite(a.num_train_epochs)),
          "num_train_epochs", a.num_train_epochs, "must be above 0");
  require(a.warmup_steps >= 0 && std::isfinite(a.warmup_steps), "warmup_steps", a.warmup_steps,
          "must be 0 or more");
  require(a.logging_steps > 0, "logging_steps", a.logging_steps, "must be above 0");
  require(a.eval_steps.value_or(1) > 0, "eval_steps", a.eval_steps.value_or(1), "must be above 0");
  require(a.save_steps > 0, "save_steps", a.save_steps, "must be above 0");
  require(a.save_total_limit.value_or(1) >= 1, "save_total_limit", a.save_total_limit.value_or(1),
          "must be at least 1");
  if (a.gemm && *a.gemm != "cublaslt" && *a.gemm != "lathe") {
    fail("--gemm ", *a.gemm, ": must be cublaslt or lathe");
  }
  if (a.cuda_graphs.value_or(false) && a.num_processes > 1) {
    fail("--cuda_graphs true: --num_processes is ", a.num_processes,
         "; steps of several processes are not captured");
  }
  check_best_model(a);
}

void check_device(const TrainingArguments& arguments, const Device& device) {
  if (!device.is_host()) return;
  if (arguments.gemm) {
    fail("--gemm ", *arguments.gemm, ": chooses how a GPU multiplies; this run computes on ",
         device.description());
  }
  if (arguments.cuda_graphs) {
    fail("--cuda_graphs ", *arguments.cuda_graphs ? "true" : "false",
         ": is about a GPU's steps; this run computes on ", device.description());
  }
}

bool captures_steps(const TrainingArguments& arguments, const Device& device) {
  return device.captures() && arguments.cuda_graphs.value_or(arguments.num_processes == 1);
}

Precision precision_of(const TrainingArguments& arguments) {
  return arguments.bf16 ? Precision::kBF16 : Precision::kF32;
}

TrainingPlan plan_training(const TrainingArguments& arguments, int64_t examples) {
  if (examples < 1) fail("there are no examples to train on");
  const auto divide_up = [](int64_t a, int64_t b) { return (a + b - 1) / b; };
  TrainingPlan plan{};
  plan.examples = examples;
  plan.batches_per_epoch = divide_up(examples, arguments.per_device_train_batch_size);
  plan.updates_per_epoch = divide_up(plan.batches_per_epoch, arguments.batches_per_update());
  if (arguments.max_steps > 0) {
    plan.max_steps = arguments.max_steps;
    plan.epochs = divide_up(plan.max_steps, plan.updates_per_epoch);
    plan.samples = static_cast<double>(plan.max_steps * arguments.per_device_train_batch_size *
                                       arguments.batches_per_update());
  } else {
    plan.max_steps = static_cast<int64_t>(
        std::ceil(arguments.num_train_epochs * static_cast<double>(plan.updates_per_epoch)));
    plan.epochs = static_cast<int64_t>(std::ceil(arguments.num_train_epochs));
    plan.samples = static_cast<double>(examples) * arguments.num_train_epochs;
  }
  plan.warmup_steps = resolve_steps(arguments.warmup_steps, plan.max_steps);
  plan.logging_steps = resolve_steps(arguments.logging_steps, plan.max_steps);
  plan.eval_steps =
      resolve_steps(arguments.eval_steps.value_or(arguments.logging_steps), plan.max_steps);
  plan.save_steps = resolve_steps(arguments.save_steps, plan.max_steps);
  return plan;
}

}  // namespace lathe
