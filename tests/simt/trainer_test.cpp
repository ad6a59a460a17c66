// The trainer of the program on a GPU's memory, streams and kernels, all emulated: memory that the
// host may not touch, and work that is done as late as a GPU may do it.
#include <cuda_runtime.h>
#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "kernels/cuda/gpu.h"
#include "tensor/host_copy.h"
#include "tensor/mark.h"
#include "tests/simt/emulated_gpu.h"
#include "tests/temporary_directory.h"
#include "tests/train/tiny_task.h"
#include "train/checkpoint.h"

namespace lathe::testing {
namespace {

class CudaTrainer : public LateGpuTest {
 protected:
  struct Outcome {
    std::vector<float> parameters;
    std::vector<Json::Object> log;
  };
  static Outcome train(Device& device, const TrainingArguments& arguments,
                       Communicator& communicator = alone()) {
    const auto model = tiny_model(tiny_config(0.1), 1);
    model->parameters().move_to(device);
    const Examples examples = tiny_examples(10, 3), validation = tiny_examples(5, 4);
    Trainer trainer(*model, nullptr, arguments, accuracy_of, communicator);
    trainer.train(examples, &validation);
    model->parameters().move_to(host_device());
    return {parameters_of(*model), trainer.state().log_history};
  }

  static TrainingArguments arguments() {
    TrainingArguments chosen = tiny_arguments();
    chosen.num_train_epochs = 2;
    chosen.weight_decay = 0.1;
    chosen.max_grad_norm = 0.5;
    chosen.logging_strategy = IntervalStrategy::kSteps;
    chosen.logging_steps = 2;
    chosen.eval_strategy = IntervalStrategy::kEpoch;
    // AdamW divides by a gradient's size: without this, the rounding of gradients near 0 would
    // grow.
    chosen.adam_epsilon = 1e-3;
    return chosen;
  }
};

double largest_difference(const std::vector<float>& a, const std::vector<float>& b) {
  double largest = 0.0;
  for (std::size_t i = 0; i < a.size(); ++i) {
    largest = std::max(largest, std::abs(double{a[i]} - double{b[i]}));
  }
  return a.size() == b.size() ? largest : std::numeric_limits<double>::infinity();
}

void expect_same_log(const std::vector<Json::Object>& a, const std::vector<Json::Object>& b) {
  ASSERT_EQ(a.size(), b.size());
  ASSERT_GT(a.size(), 3u);
  for (std::size_t entry = 0; entry < a.size(); ++entry) {
    ASSERT_EQ(a[entry].size(), b[entry].size());
    for (std::size_t i = 0; i < a[entry].size(); ++i) {
      const auto& [key, value] = a[entry][i];
      ASSERT_EQ(key, b[entry][i].first);
      if (key.ends_with("_runtime") || key.ends_with("_per_second")) continue;
      const double expected = b[entry][i].second.as_double();
      EXPECT_NEAR(value.as_double(), expected, 1e-5 * std::abs(expected)) << key;
    }
  }
}

TEST_F(CudaTrainer, TrainsEvaluatesAndResumesAsTheCpuDoes) {
  const TemporaryDirectory directory;
  TrainingArguments chosen = arguments();
  chosen.output_dir = directory.path();
  chosen.save_strategy = IntervalStrategy::kSteps;
  chosen.save_steps = 4;
  const Outcome found = train(gpu(), chosen), expected = train(host_device(), arguments());
  expect_same_log(found.log, expected.log);
  EXPECT_LT(largest_difference(found.parameters, expected.parameters), 1e-6);
  chosen.resume_from_checkpoint = checkpoint_path(directory.path(), 4);
  EXPECT_EQ(train(gpu(), chosen).parameters, found.parameters);
}

TEST_F(CudaTrainer, SharesBatchesAmongRanks) {
  TrainingArguments one = arguments(), two = arguments();
  one.gradient_accumulation_steps = 2;
  two.num_processes = 2;
  one.logging_steps = two.logging_steps = 1;
  one.num_train_epochs = two.num_train_epochs = 1;
  const Outcome expected = train(host_device(), one);
  Outcome found;
  run_ranks(2, [&](Communicator& communicator) {
    const auto own = cuda_emulated::make_gpu(communicator.rank());
    const Outcome mine = train(*own, two, communicator);
    if (communicator.rank() == 0) found = mine;
  });
  expect_same_log(found.log, expected.log);
  EXPECT_LT(largest_difference(found.parameters, expected.parameters), 1e-6);
}

// With activations of 8 bits, losses differ in the third digit.
TEST_F(CudaTrainer, TrainsInBf16) {
  TrainingArguments in_f32 = arguments(), in_bf16 = arguments();
  in_f32.max_steps = in_bf16.max_steps = 2;
  in_f32.eval_strategy = in_bf16.eval_strategy = IntervalStrategy::kNo;
  in_bf16.bf16 = true;
  const auto loss = [](const Outcome& outcome) {
    return Json(outcome.log.back()).find("train_loss")->as_double();
  };
  const double expected = loss(train(host_device(), in_f32)), found = loss(train(gpu(), in_bf16));
  EXPECT_NEAR(found, expected, 1e-2 * expected);
  EXPECT_NE(found, expected);
}

// The bfloat16s of the parameters come from a checkpoint as AdamW would have left them.
TEST_F(CudaTrainer, ResumesInBf16) {
  const TemporaryDirectory directory;
  TrainingArguments chosen = arguments();
  chosen.bf16 = true;
  chosen.output_dir = directory.path();
  chosen.save_strategy = IntervalStrategy::kSteps;
  chosen.save_steps = 4;
  const Outcome found = train(gpu(), chosen);
  chosen.resume_from_checkpoint = checkpoint_path(directory.path(), 4);
  EXPECT_EQ(train(gpu(), chosen).parameters, found.parameters);
}

// What is not finite is found some steps later, and is told as if it had been found at once.
TEST_F(CudaTrainer, StopsAtALossThatIsNotFinite) {
  BertConfig config = tiny_config(0.0);
  config.num_hidden_layers = 1;
  const auto model = tiny_model(config, 1);
  model->parameters().find("classifier.bias")->value.f32()[0] =
      std::numeric_limits<float>::quiet_NaN();
  model->parameters().move_to(gpu());
  TrainingArguments chosen = arguments();
  chosen.logging_strategy = IntervalStrategy::kNo;
  chosen.eval_strategy = IntervalStrategy::kNo;
  chosen.num_train_epochs = 5;
  Trainer trainer(*model, nullptr, chosen, accuracy_of);
  const Examples examples = tiny_examples(2, 3);
  const std::string error = error_of([&] { trainer.train(examples, nullptr); });
  EXPECT_TRUE(error.starts_with("step 1: the loss is ")) << error;
  EXPECT_NE(error.find("bert.embeddings.word_embeddings.weight"), std::string::npos) << error;
}

TEST_F(CudaTrainer, HostCopiesAreWhatTheDeviceHolds) {
  Buffer memory(4 * sizeof(float), "a test", gpu());
  const Tensor tensor(memory.data(), DType::kF32, {4});
  HostCopy first(gpu(), tensor);
  EXPECT_EQ(first.f32()[3], 0.0f);  // memory begins zeroed
  first.f32()[3] = 5;
  first.write_back();
  EXPECT_EQ(HostCopy(gpu(), tensor).f32()[3], 5.0f);
}

using CudaTrainerDeathTest = CudaTrainer;

TEST_F(CudaTrainerDeathTest, TheHostMayNotReadTheDevicesMemory) {
  const Buffer memory(4 * sizeof(float), "a test", gpu());
  EXPECT_DEATH(static_cast<void>(*reinterpret_cast<volatile float*>(memory.data())), "");
}

// Work that was put off has not happened before somebody waited for it.
TEST_F(CudaTrainer, CopiesFromStagingAreLate) {
  Buffer memory(sizeof(float), "a test", gpu());
  const Buffer staging(2 * sizeof(float), "a test", gpu(), Buffer::Kind::kStaging);
  auto* values = reinterpret_cast<float*>(staging.data());
  values[0] = 3, values[1] = 0;
  gpu().upload(memory.data(), &values[0], sizeof(float));
  gpu().download(&values[1], memory.data(), sizeof(float));
  Mark copied(gpu());
  copied.set();
  EXPECT_EQ(values[1], 0.0f);
  values[0] = 4;  // too early: the copy has not been made
  copied.wait();
  EXPECT_EQ(values[1], 4.0f);
}

}  // namespace
}  // namespace lathe::testing
