#include "train/progress.h"

#include <gtest/gtest.h>

#include <cstdlib>
#include <functional>

namespace lathe {
namespace {

// What `action` writes to a file that is not a terminal.
std::string output_of(const std::function<void(std::FILE*)>& action) {
  char* text = nullptr;
  std::size_t size = 0;
  std::FILE* out = open_memstream(&text, &size);
  action(out);
  std::fclose(out);
  std::string result(text, size);
  std::free(text);
  return result;
}

TrainerState at_step(int64_t step) {
  TrainerState state;
  state.global_step = step;
  state.max_steps = 8;
  state.epoch = 0.5;
  return state;
}

TEST(LogLines, AreOneForEachEntry) {
  const std::string text = output_of([](std::FILE* out) {
    LogLines lines(out);
    lines.on_log(at_step(0), {{"eval_loss", 1.0}});  // before training: printed by the program
    lines.on_train_begin({}, at_step(0));
    lines.on_log(at_step(4), {{"loss", 0.123456}, {"learning_rate", 2.5e-5}, {"epoch", 0.5}});
    lines.on_save(at_step(4), "out/checkpoint-4");
    lines.on_log(at_step(8), {{"train_runtime", 3.0}});
    lines.on_train_end(at_step(8));
  });
  EXPECT_EQ(text,
            "step 4/8  epoch 0.50  loss 0.1235  learning_rate 2.5e-05\n"
            "saved out/checkpoint-4\n");
}

TEST(ProgressBar, ShowsHowFarTheRunIsAndATableOfEvaluations) {
  const std::string text = output_of([](std::FILE* out) {
    ProgressBar bar(out);
    TrainingPlan plan{};
    plan.max_steps = 8;
    bar.on_train_begin(plan, at_step(0));
    bar.on_step_end(at_step(4),
                    {.loss = 0.75, .grad_norm = 1, .learning_rate = 5e-5, .examples = 16});
    bar.on_evaluate(at_step(4),
                    {{"eval_loss", 0.5}, {"eval_accuracy", 0.875}, {"eval_runtime", 9.0}});
    bar.on_evaluate(at_step(8),
                    {{"eval_loss", 0.25}, {"eval_accuracy", 1.0}, {"eval_runtime", 9.0}});
    bar.on_train_end(at_step(8));
  });
  EXPECT_NE(text.find(" 50% "), std::string::npos) << text;
  EXPECT_NE(text.find("4/8"), std::string::npos);
  EXPECT_NE(text.find("loss 0.7500  lr 5.00e-05"), std::string::npos);
  EXPECT_NE(text.find("   epoch      step        loss    accuracy\n"
                      "    0.50         4      0.5000      0.8750\n"
                      "    0.50         8      0.2500      1.0000\n"),
            std::string::npos)
      << text;
}

TEST(Progress, IsPlainWhereThereIsNoTerminal) {
  std::FILE* out = std::tmpfile();
  EXPECT_NE(dynamic_cast<LogLines*>(progress_for(out).get()), nullptr);
  std::fclose(out);
}

}  // namespace
}  // namespace lathe
