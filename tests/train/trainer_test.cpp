#include "train/trainer.h"

#include <gtest/gtest.h>
#include <omp.h>

#include <cmath>
#include <limits>

#include "tests/temporary_directory.h"
#include "tests/train/tiny_task.h"
#include "train/checkpoint.h"

namespace lathe {
namespace {

using testing::accuracy_of;
using testing::error_of;
using testing::parameters_of;
using testing::TemporaryDirectory;
using testing::tiny_arguments;
using testing::tiny_config;
using testing::tiny_examples;
using testing::tiny_model;

// The parameters after a run over 22 examples: an odd number, so that every epoch ends in a smaller
// batch.
std::vector<float> trained(const TrainingArguments& arguments, double dropout = 0.1,
                           TrainerState* state = nullptr) {
  const auto model = tiny_model(tiny_config(dropout), 1);
  const Examples train = tiny_examples(22, 3), validation = tiny_examples(9, 4);
  Trainer trainer(*model, nullptr, arguments, accuracy_of);
  trainer.train(train, &validation);
  if (state != nullptr) *state = trainer.state();
  return parameters_of(*model);
}

double largest_difference(const std::vector<float>& a, const std::vector<float>& b) {
  double largest = 0.0;
  for (std::size_t i = 0; i < a.size(); ++i) {
    largest = std::max(largest, std::abs(static_cast<double>(a[i]) - static_cast<double>(b[i])));
  }
  return largest;
}

TEST(Trainer, LearnsEightExamplesByHeart) {
  const auto model = tiny_model(tiny_config(0.0), 1);
  const Examples examples = tiny_examples(8, 5);
  TrainingArguments arguments = tiny_arguments();
  arguments.num_train_epochs = 60;
  Trainer trainer(*model, nullptr, arguments, accuracy_of);
  const Json before = trainer.evaluate(examples);
  trainer.train(examples, nullptr);
  const Json after = trainer.evaluate(examples);
  EXPECT_GT(before.find("eval_loss")->as_double(), 0.5);
  EXPECT_LT(after.find("eval_loss")->as_double(), 0.05);
  EXPECT_EQ(after.find("eval_accuracy")->as_double(), 1.0);
}

TEST(Trainer, SameSeedSameBits) {
  EXPECT_EQ(trained(tiny_arguments()), trained(tiny_arguments()));
  TrainingArguments other_seed = tiny_arguments();
  other_seed.seed = 43;
  EXPECT_NE(trained(tiny_arguments()), trained(other_seed));
}

TEST(Trainer, DataSeedChangesTheOrderAlone) {
  TrainingArguments arguments = tiny_arguments();
  arguments.data_seed = 42;  // what it is without
  EXPECT_EQ(trained(arguments), trained(tiny_arguments()));
  arguments.data_seed = 7;
  EXPECT_NE(trained(arguments), trained(tiny_arguments()));
}

TEST(Trainer, AnyNumberOfThreadsSameBits) {
  const int threads = omp_get_max_threads();
  omp_set_num_threads(1);
  const std::vector<float> one = trained(tiny_arguments());
  omp_set_num_threads(4);
  const std::vector<float> four = trained(tiny_arguments());
  omp_set_num_threads(threads);
  EXPECT_EQ(one, four);
}

// 22 examples: two micro-batches of 4 are one batch of 8, and the last ones 4 and 2 are one of 6.
TEST(Trainer, AccumulatedMicroBatchesAreOneBatch) {
  TrainingArguments whole = tiny_arguments(), parts = tiny_arguments();
  whole.per_device_train_batch_size = 8;
  parts.gradient_accumulation_steps = 2;
  // AdamW divides by a gradient's size: without this, the rounding of gradients near 0 would grow.
  whole.adam_epsilon = parts.adam_epsilon = 1e-3;
  TrainerState whole_state, parts_state;
  const auto a = trained(whole, 0.0, &whole_state), b = trained(parts, 0.0, &parts_state);
  EXPECT_EQ(whole_state.global_step, 9);
  EXPECT_EQ(parts_state.global_step, 9);
  EXPECT_LT(largest_difference(a, b), 1e-6);
  const auto loss = [](const TrainerState& state) {
    return Json(state.log_history.back()).find("train_loss")->as_double();
  };
  EXPECT_NEAR(loss(whole_state), loss(parts_state), 1e-6);
}

TEST(Trainer, WritesTheLogThatTransformersWrites) {
  TrainingArguments arguments = tiny_arguments();
  arguments.logging_strategy = IntervalStrategy::kSteps;
  arguments.logging_steps = 4;
  arguments.logging_first_step = true;
  arguments.eval_strategy = IntervalStrategy::kEpoch;
  TrainerState state;
  trained(arguments, 0.1, &state);
  EXPECT_EQ(state.global_step, 18);
  EXPECT_EQ(state.epoch, 3.0);
  std::vector<std::string> log;
  for (const Json::Object& entry : state.log_history) {
    log.push_back(entry.front().first + "@" + Json(entry).find("step")->dump());
  }
  EXPECT_EQ(log, (std::vector<std::string>{"loss@1", "loss@4", "eval_loss@6", "loss@8", "loss@12",
                                           "eval_loss@12", "loss@16", "eval_loss@18",
                                           "train_runtime@18"}));
  const Json first = state.log_history[0], summary = state.log_history.back();
  EXPECT_EQ(first.find("learning_rate")->as_double(), 2e-3);
  EXPECT_GT(first.find("grad_norm")->as_double(), 0.0);
  EXPECT_DOUBLE_EQ(first.find("epoch")->as_double(), 1.0 / 6.0);
  for (const char* key : {"train_runtime", "train_samples_per_second", "train_steps_per_second",
                          "total_flos", "train_loss", "epoch"}) {
    EXPECT_NE(summary.find(key), nullptr) << key;
  }
  const Json evaluation = state.log_history[2];
  for (const char* key : {"eval_loss", "eval_accuracy", "eval_runtime", "eval_samples_per_second",
                          "eval_steps_per_second", "epoch"}) {
    EXPECT_NE(evaluation.find(key), nullptr) << key;
  }
}

TEST(Trainer, MeanLossInTheLogIsThatOfItsSteps) {
  TrainingArguments every = tiny_arguments(), pairs = tiny_arguments();
  every.logging_strategy = pairs.logging_strategy = IntervalStrategy::kSteps;
  every.logging_steps = 1;
  pairs.logging_steps = 2;
  every.max_steps = pairs.max_steps = 4;
  TrainerState a, b;
  trained(every, 0.1, &a);
  trained(pairs, 0.1, &b);
  const auto loss = [](const TrainerState& state, std::size_t i) {
    return Json(state.log_history[i]).find("loss")->as_double();
  };
  EXPECT_DOUBLE_EQ(loss(b, 0), (loss(a, 0) + loss(a, 1)) / 2);
  EXPECT_DOUBLE_EQ(loss(b, 1), (loss(a, 2) + loss(a, 3)) / 2);
  EXPECT_DOUBLE_EQ(Json(b.log_history.back()).find("train_loss")->as_double(),
                   (loss(b, 0) + loss(b, 1)) / 2);
}

TEST(Trainer, EvaluatesEverySoManyStepsAndAtTheEnd) {
  TrainingArguments arguments = tiny_arguments();
  arguments.eval_strategy = IntervalStrategy::kSteps;
  arguments.eval_steps = 4;
  arguments.max_steps = 10;
  TrainerState state;
  trained(arguments, 0.1, &state);
  std::vector<int64_t> steps;
  for (const Json entry : state.log_history) {
    if (entry.find("eval_loss") != nullptr) steps.push_back(entry.find("step")->as_integer());
  }
  EXPECT_EQ(steps, (std::vector<int64_t>{4, 8, 10}));
  EXPECT_NEAR(state.epoch, 1.0 + 4.0 / 6.0, 1e-12);
}

TEST(Trainer, AnswersDoNotDependOnOrderOrBatchSize) {
  const auto model = tiny_model(tiny_config(0.1), 1);
  const Examples examples = tiny_examples(21, 6);
  std::vector<Predictions> answers;
  for (const int64_t batch_size : {1, 4, 64}) {
    TrainingArguments arguments = tiny_arguments();
    arguments.per_device_eval_batch_size = batch_size;
    Trainer trainer(*model, nullptr, arguments, accuracy_of);
    answers.push_back(trainer.predict(examples));
  }
  for (const Predictions& other : answers) {
    EXPECT_EQ(other.logits, answers[0].logits);
    EXPECT_EQ(other.losses, answers[0].losses);
  }
  // One example alone is answered as it is among the others: in its own place.
  for (int64_t i = 0; i < examples.size(); ++i) {
    const auto ids = examples.tokens.input_ids(i);
    const auto types = examples.tokens.token_type_ids(i);
    Examples one;
    one.tokens = {
        {0, examples.tokens.length(i)}, {ids.begin(), ids.end()}, {types.begin(), types.end()}};
    Trainer trainer(*model, nullptr, tiny_arguments(), accuracy_of);
    const auto expected = answers[0].row(i);
    EXPECT_EQ(trainer.predict(one).logits, std::vector<float>(expected.begin(), expected.end()));
  }
}

class Resume : public ::testing::TestWithParam<int64_t> {};

TEST_P(Resume, EqualsARunThatNeverStopped) {
  const TemporaryDirectory directory;
  TrainingArguments arguments = tiny_arguments(directory.path());
  arguments.gradient_accumulation_steps = 2;
  arguments.weight_decay = 0.01;
  arguments.warmup_steps = 2;
  arguments.logging_strategy = IntervalStrategy::kSteps;
  arguments.logging_steps = 2;
  TrainerState whole_state, resumed_state;
  const std::vector<float> whole = trained(arguments, 0.1, &whole_state);

  arguments.save_strategy = IntervalStrategy::kSteps;
  arguments.save_steps = static_cast<double>(GetParam());
  trained(arguments);
  arguments.save_strategy = IntervalStrategy::kNo;
  arguments.resume_from_checkpoint = checkpoint_path(directory.path(), GetParam());
  const std::vector<float> resumed = trained(arguments, 0.1, &resumed_state);
  EXPECT_EQ(resumed, whole);
  ASSERT_EQ(resumed_state.log_history.size(), whole_state.log_history.size());
  for (std::size_t i = 0; i + 1 < whole_state.log_history.size(); ++i) {
    EXPECT_EQ(Json(resumed_state.log_history[i]), Json(whole_state.log_history[i]));
  }
  EXPECT_EQ(Json(resumed_state.log_history.back()).find("train_loss")->as_double(),
            Json(whole_state.log_history.back()).find("train_loss")->as_double());
}

// In the middle of an epoch, at its end, at the run's end: 9 steps, 3 an epoch.
INSTANTIATE_TEST_SUITE_P(AtStep, Resume, ::testing::Values(1, 3, 5, 9));

TEST(Resume, RefusesAnotherBatchSize) {
  const TemporaryDirectory directory;
  TrainingArguments arguments = tiny_arguments(directory.path());
  arguments.save_strategy = IntervalStrategy::kSteps;
  arguments.max_steps = 2;
  trained(arguments);
  arguments.resume_from_checkpoint = directory.file("checkpoint-2");
  arguments.per_device_train_batch_size = 2;
  EXPECT_EQ(error_of([&] { trained(arguments); }),
            directory.file("checkpoint-2/trainer_state.json") +
                ": --per_device_train_batch_size was 4 and is now 2; a run continues with the "
                "batches it began with");
}

TEST(Checkpoints, KeepsTheNewestAndTheBest) {
  const TemporaryDirectory directory;
  TrainingArguments arguments = tiny_arguments(directory.path());
  arguments.eval_strategy = arguments.save_strategy = IntervalStrategy::kSteps;
  arguments.eval_steps = arguments.save_steps = 2;
  arguments.save_total_limit = 2;
  arguments.load_best_model_at_end = true;
  arguments.learning_rate = 0.5;  // far too high: the first evaluations are the best
  TrainerState state;
  const std::vector<float> result = trained(arguments, 0.0, &state);
  const std::vector<std::string> kept = checkpoints_in(directory.path());
  ASSERT_EQ(kept.size(), 2u);
  EXPECT_EQ(kept[1], directory.file("checkpoint-18"));
  ASSERT_EQ(state.best_model_checkpoint, kept[0]);
  double lowest = std::numeric_limits<double>::infinity();
  for (const Json entry : state.log_history) {
    if (const Json* loss = entry.find("eval_loss")) lowest = std::min(lowest, loss->as_double());
  }
  EXPECT_EQ(state.best_metric, lowest);
  const auto best = tiny_model(tiny_config(0.0), 99);
  load_checkpoint_model(kept[0], *best);
  EXPECT_EQ(parameters_of(*best), result);
}

TEST(Checkpoints, TheBestMetricMustExist) {
  TrainingArguments arguments = tiny_arguments();
  arguments.eval_strategy = IntervalStrategy::kEpoch;
  arguments.metric_for_best_model = "f1";
  EXPECT_EQ(error_of([&] { trained(arguments); }),
            "--metric_for_best_model eval_f1: must be one of eval_loss, eval_accuracy, "
            "eval_runtime, eval_samples_per_second, eval_steps_per_second, epoch");
}

TEST(Trainer, StopsWhereTheLossIsNotFinite) {
  const auto model = tiny_model(tiny_config(0.0), 1);
  model->parameters().find("classifier.weight")->value.f32()[0] =
      std::numeric_limits<float>::quiet_NaN();
  Trainer trainer(*model, nullptr, tiny_arguments(), accuracy_of);
  const std::string message = error_of([&] { trainer.train(tiny_examples(8, 1), nullptr); });
  EXPECT_EQ(message.rfind("step 1: the loss is nan; the first parameter whose gradient is not "
                          "finite is bert.",
                          0),
            0u)
      << message;
}

TEST(Trainer, WantsSomethingToEvaluateOn) {
  const auto model = tiny_model(tiny_config(0.0), 1);
  TrainingArguments arguments = tiny_arguments();
  arguments.eval_strategy = IntervalStrategy::kEpoch;
  Trainer trainer(*model, nullptr, arguments, accuracy_of);
  EXPECT_EQ(error_of([&] { trainer.train(tiny_examples(8, 1), nullptr); }),
            "--eval_strategy epoch: there is nothing to evaluate on; give --validation_file");
}

class Recorder : public TrainerCallback {
 public:
  explicit Recorder(std::vector<std::string>& calls) : calls_(calls) {}
  void on_train_begin(const TrainingPlan&, const TrainerState&) override { note("begin"); }
  void on_step_end(const TrainerState&, const StepReport& step) override {
    EXPECT_TRUE(std::isfinite(step.loss));
    note("step");
    if (++steps_ == 3) throw Error("enough");
  }
  void on_evaluate(const TrainerState&, const Json::Object&) override { note("evaluate"); }
  void on_train_end(const TrainerState&) override { note("end"); }

 private:
  void note(const char* call) { calls_.emplace_back(call); }
  std::vector<std::string>& calls_;
  int steps_ = 0;
};

TEST(Trainer, CallbacksFollowTheRunAndMayEndIt) {
  const auto model = tiny_model(tiny_config(0.0), 1);
  const Examples examples = tiny_examples(8, 1);
  TrainingArguments arguments = tiny_arguments();
  arguments.eval_strategy = IntervalStrategy::kEpoch;
  Trainer trainer(*model, nullptr, arguments, accuracy_of);
  std::vector<std::string> calls;
  trainer.add_callback(std::make_unique<Recorder>(calls));
  EXPECT_EQ(error_of([&] { trainer.train(examples, &examples); }), "enough");
  EXPECT_EQ(calls, (std::vector<std::string>{"begin", "step", "step", "evaluate", "step"}));
}

}  // namespace
}  // namespace lathe
