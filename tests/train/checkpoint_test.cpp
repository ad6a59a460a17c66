#include "train/checkpoint.h"

#include <gtest/gtest.h>

#include <filesystem>

#include "base/file.h"
#include "tests/temporary_directory.h"
#include "tests/train/tiny_task.h"

namespace lathe {
namespace {

using testing::error_of;
using testing::TemporaryDirectory;

class Checkpoint : public ::testing::Test {
 protected:
  Checkpoint() : model_(testing::tiny_model(testing::tiny_config(0.1), 1)) {
    model_->parameters().allocate_gradients();
    optimizer_ = std::make_unique<AdamW>(model_->parameters(), AdamWOptions{});
  }
  std::string save(int64_t step) {
    TrainerState state;
    state.global_step = step;
    save_checkpoint(directory_.path(), *model_, nullptr, *optimizer_, state);
    return checkpoint_path(directory_.path(), step);
  }

  TemporaryDirectory directory_;
  std::unique_ptr<BertForSequenceClassification> model_;
  std::unique_ptr<AdamW> optimizer_;
};

TEST_F(Checkpoint, ComesBack) {
  float* m = optimizer_->moments()[2].first.f32();
  m[1] = 0.5f;
  const std::string path = save(7);
  EXPECT_EQ(directory_.entries(), 1);  // no temporary directory stays behind
  m[1] = 0.0f;
  load_checkpoint_optimizer(path, *optimizer_, 7);
  EXPECT_EQ(m[1], 0.5f);
  EXPECT_EQ(optimizer_->steps(), 7);
  const auto other = testing::tiny_model(testing::tiny_config(0.1), 2);
  load_checkpoint_model(path, *other);
  EXPECT_EQ(testing::parameters_of(*other), testing::parameters_of(*model_));
}

TEST_F(Checkpoint, ReplacesAnOlderOneOfItsName) {
  write_file(save(7) + "/stale", "x");
  EXPECT_FALSE(file_exists(save(7) + "/stale"));
}

TEST_F(Checkpoint, AreFoundInTheOrderOfTheirSteps) {
  for (const int64_t step : {100, 20, 3}) save(step);
  std::filesystem::create_directory(directory_.file("checkpoint-x"));
  std::filesystem::create_directory(directory_.file("checkpoint-7.tmp-1"));
  write_file(directory_.file("checkpoint-9"), "a file");
  EXPECT_EQ(
      checkpoints_in(directory_.path()),
      (std::vector<std::string>{directory_.file("checkpoint-3"), directory_.file("checkpoint-20"),
                                directory_.file("checkpoint-100")}));
  EXPECT_TRUE(checkpoints_in(directory_.file("nowhere")).empty());
  rotate_checkpoints(directory_.path(), 1, directory_.file("checkpoint-3"));
  EXPECT_EQ(checkpoints_in(directory_.path()),
            (std::vector<std::string>{directory_.file("checkpoint-3"),
                                      directory_.file("checkpoint-100")}));
}

TEST_F(Checkpoint, SaysWhatIsDamaged) {
  const std::string path = save(7);
  const std::string state = path + "/trainer_state.json";
  const auto state_error = [&](const char* text) {
    write_file(state, text);
    return error_of([&] { read_trainer_state(state); });
  };
  EXPECT_EQ(state_error("[]"), state + ": expected an object, found an array");
  EXPECT_EQ(state_error("{}"), state + ": the key \"epoch\" is missing");
  EXPECT_EQ(state_error(R"({"epoch": "one"})"),
            state + ": \"epoch\": expected a number, found a string");
  EXPECT_NE(state_error("{\"epoch\": ").find("not valid JSON"), std::string::npos);

  const std::string moments = path + "/optimizer.safetensors";
  const std::string bytes = read_file(moments);
  write_file(moments, bytes.substr(0, bytes.size() / 2));
  EXPECT_EQ(error_of([&] { load_checkpoint_optimizer(path, *optimizer_, 7); }).rfind(moments, 0),
            0u);
  std::filesystem::copy_file(path + "/model.safetensors", moments,
                             std::filesystem::copy_options::overwrite_existing);
  EXPECT_EQ(error_of([&] { load_checkpoint_optimizer(path, *optimizer_, 7); }),
            moments + ": the tensor exp_avg.bert.embeddings.word_embeddings.weight is missing");
}

TEST_F(Checkpoint, KeepsTheWholeState) {
  TrainerState state;
  state.epoch = 1.25;
  state.global_step = 10;
  state.max_steps = 24;
  state.num_train_epochs = 3;
  state.train_batch_size = 16;
  state.gradient_accumulation_steps = 2;
  state.logging_steps = 5;
  state.eval_steps = 6;
  state.save_steps = 7;
  state.total_flos = 1e12;
  state.log_history = {{{"loss", 0.1}, {"step", 5}}};
  state.best_metric = 0.3;
  state.best_global_step = 6;
  state.best_model_checkpoint = "out/checkpoint-6";
  state.loss_since_log = 0.7;
  state.loss_logged = 1.0 / 3.0;
  state.last_logged_step = 5;
  write_json_file(directory_.file("state.json"), to_json(state));
  EXPECT_EQ(to_json(read_trainer_state(directory_.file("state.json"))), to_json(state));
}

}  // namespace
}  // namespace lathe
