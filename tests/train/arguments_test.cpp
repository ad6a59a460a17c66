#include "train/arguments.h"

#include <gtest/gtest.h>

#include "tests/temporary_directory.h"

namespace lathe {
namespace {

using testing::error_of;

TEST(Arguments, DefaultsAreTransformers) {
  const TrainingArguments arguments;
  EXPECT_EQ(arguments.learning_rate, 5e-5);
  EXPECT_EQ(arguments.num_train_epochs, 3.0);
  EXPECT_EQ(arguments.per_device_train_batch_size, 8);
  EXPECT_EQ(arguments.max_grad_norm, 1.0);
  EXPECT_EQ(arguments.adam_epsilon, 1e-8);
  EXPECT_EQ(arguments.seed, 42u);
  EXPECT_EQ(arguments.save_steps, 500);
  EXPECT_EQ(arguments.best_metric_name(), "");
  check_arguments(arguments);
}

TEST(Arguments, WhoMultipliesIsChosenForGpus) {
  TrainingArguments arguments;
  check_device(arguments, host_device());
  EXPECT_EQ(arguments.gemm_kind(), Gemm::kCublas);
  arguments.gemm = "lathe";
  EXPECT_EQ(arguments.gemm_kind(), Gemm::kOwn);
  EXPECT_NE(error_of([&] { check_device(arguments, host_device()); }).find("--gemm lathe: chooses"),
            std::string::npos);
}

TEST(Arguments, GraphsAreForOneGpu) {
  TrainingArguments arguments;
  EXPECT_FALSE(captures_steps(arguments, host_device()));
  arguments.cuda_graphs = false;
  EXPECT_EQ(error_of([&] { check_device(arguments, host_device()); }),
            "--cuda_graphs false: is about a GPU's steps; this run computes on " +
                host_device().description());
  arguments.cuda_graphs = true;
  check_arguments(arguments);
  arguments.num_processes = 2;
  EXPECT_EQ(
      error_of([&] { check_arguments(arguments); }),
      "--cuda_graphs true: --num_processes is 2; steps of several processes are not captured");
}

TEST(Arguments, PlansEpochs) {
  TrainingArguments arguments;
  arguments.per_device_train_batch_size = 16;
  const TrainingPlan plan = plan_training(arguments, 3668);
  EXPECT_EQ(plan.batches_per_epoch, 230);
  EXPECT_EQ(plan.max_steps, 690);
  EXPECT_EQ(plan.epochs, 3);
  EXPECT_EQ(plan.samples, 3.0 * 3668);
  EXPECT_EQ(plan.eval_steps, 500);
}

TEST(Arguments, PlansPartsOfEpochsAndShares) {
  TrainingArguments arguments;
  arguments.gradient_accumulation_steps = 3;
  arguments.num_train_epochs = 1.5;
  arguments.warmup_steps = 0.1;
  arguments.logging_steps = 0.25;
  const TrainingPlan plan = plan_training(arguments, 100);  // 13 batches, 5 updates an epoch
  EXPECT_EQ(plan.updates_per_epoch, 5);
  EXPECT_EQ(plan.max_steps, 8);
  EXPECT_EQ(plan.epochs, 2);
  EXPECT_EQ(plan.warmup_steps, 1);
  EXPECT_EQ(plan.logging_steps, 2);
}

TEST(Arguments, MaxStepsCountInsteadOfEpochs) {
  TrainingArguments arguments;
  arguments.max_steps = 7;
  const TrainingPlan plan = plan_training(arguments, 20);  // 3 batches an epoch
  EXPECT_EQ(plan.max_steps, 7);
  EXPECT_EQ(plan.epochs, 3);
  EXPECT_EQ(plan.samples, 56.0);
  EXPECT_EQ(error_of([&] { plan_training(arguments, 0); }), "there are no examples to train on");
}

TEST(Arguments, RefusesWhatCannotBe) {
  const auto error = [](auto change) {
    TrainingArguments arguments;
    change(arguments);
    return error_of([&] { check_arguments(arguments); });
  };
  using Args = TrainingArguments;
  EXPECT_EQ(error([](Args& a) { a.learning_rate = -1; }), "--learning_rate -1: must be 0 or more");
  EXPECT_EQ(error([](Args& a) { a.per_device_train_batch_size = 0; }),
            "--per_device_train_batch_size 0: must be at least 1");
  EXPECT_EQ(error([](Args& a) { a.adam_beta2 = 1; }), "--adam_beta2 1: must be in [0, 1)");
  EXPECT_EQ(error([](Args& a) { a.num_train_epochs = 0; }),
            "--num_train_epochs 0: must be above 0");
  EXPECT_EQ(error([](Args& a) { a.max_steps = 0; }),
            "--max_steps 0: must be at least 1, or -1 for whole epochs");
  EXPECT_EQ(error([](Args& a) { a.load_best_model_at_end = true; }),
            "--load_best_model_at_end: needs --eval_strategy and --save_strategy to be the same, "
            "steps or epoch; they are no and steps");
  EXPECT_EQ(error([](Args& a) {
              a.load_best_model_at_end = true;
              a.eval_strategy = IntervalStrategy::kSteps;
              a.eval_steps = 200;
            }),
            "--load_best_model_at_end: --save_steps 500 must be a multiple of --eval_steps 200, "
            "so that every saved model has been evaluated");
}

TEST(Arguments, TheBestMetricHasTransformersDefaults) {
  TrainingArguments arguments;
  arguments.load_best_model_at_end = true;
  EXPECT_EQ(arguments.best_metric_name(), "eval_loss");
  EXPECT_FALSE(arguments.best_metric_is_greatest());
  arguments.metric_for_best_model = "accuracy";
  EXPECT_EQ(arguments.best_metric_name(), "eval_accuracy");
  EXPECT_TRUE(arguments.best_metric_is_greatest());
  arguments.greater_is_better = false;
  EXPECT_FALSE(arguments.best_metric_is_greatest());
}

TEST(Arguments, NamesOfStrategies) {
  EXPECT_EQ(interval_strategy_named("epoch", "eval_strategy"), IntervalStrategy::kEpoch);
  EXPECT_EQ(error_of([] { interval_strategy_named("never", "eval_strategy"); }),
            "--eval_strategy never: must be no, steps or epoch");
  EXPECT_EQ(sampling_strategy_named("group_by_length"), SamplingStrategy::kGroupByLength);
  EXPECT_EQ(error_of([] { sampling_strategy_named("shuffle"); }),
            "--train_sampling_strategy shuffle: must be random, sequential or group_by_length");
}

}  // namespace
}  // namespace lathe
