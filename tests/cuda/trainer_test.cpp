// Whole runs on this machine's GPU beside the same runs on its processor.
#include <gtest/gtest.h>

#include <cmath>

#include "tests/cuda/gpu.h"
#include "tests/temporary_directory.h"
#include "tests/train/tiny_task.h"
#include "train/checkpoint.h"

namespace lathe::testing {
namespace {

class GpuTrainer : public GpuTest {
 protected:
  // A small BERT of real proportions: heads of 64 columns, rows that take vectors, dropout.
  static BertConfig config() {
    BertConfig config = tiny_config(0.1);
    config.hidden_size = 256;
    config.num_attention_heads = 4;
    config.intermediate_size = 1024;
    config.num_hidden_layers = 4;
    return config;
  }

  static TrainingArguments arguments() {
    TrainingArguments chosen = tiny_arguments();
    chosen.per_device_train_batch_size = 32;
    chosen.learning_rate = 5e-5;
    chosen.weight_decay = 0.01;
    chosen.max_steps = 50;
    chosen.logging_strategy = IntervalStrategy::kSteps;
    chosen.logging_steps = 1;
    return chosen;
  }

  struct Outcome {
    std::vector<double> losses;
    std::vector<float> parameters;
  };
  static Outcome train(Device& device, const TrainingArguments& arguments) {
    const auto model = tiny_model(config(), 1);
    model->parameters().move_to(device);
    const Examples examples = tiny_examples(400, 3);
    Trainer trainer(*model, nullptr, arguments, accuracy_of);
    trainer.train(examples, nullptr);
    Outcome outcome;
    for (const Json::Object& entry : trainer.state().log_history) {
      if (entry.front().first == "loss") outcome.losses.push_back(entry.front().second.as_double());
    }
    model->parameters().move_to(host_device());
    outcome.parameters = parameters_of(*model);
    return outcome;
  }

  // The largest relative difference of a step's loss from the processor's.
  static double largest_difference(const TrainingArguments& chosen) {
    static const std::vector<double> expected = train(host_device(), arguments()).losses;
    const std::vector<double> found = train(*gpu(), chosen).losses;
    double largest = found.size() == 50 && expected.size() == 50 ? 0 : INFINITY;
    for (std::size_t i = 0; i < found.size(); ++i) {
      largest = std::fmax(largest, std::abs(found[i] / expected[i] - 1));
    }
    return largest;
  }
};

TEST_F(GpuTrainer, FiftyStepsEqualTheProcessors) {
  for (const char* gemm : {"cublaslt", "lathe"}) {
    TrainingArguments chosen = arguments();
    chosen.gemm = gemm;
    const double difference = largest_difference(chosen);
    std::printf("parity f32 %s: %.2e\n", gemm, difference);
    EXPECT_LT(difference, 1e-3) << gemm;
    chosen.bf16 = true;
    const double rounded = largest_difference(chosen);
    std::printf("parity bf16 %s: %.2e\n", gemm, rounded);
    EXPECT_LT(rounded, 5e-2) << gemm;
  }
}

// Rows of zeros change no sum of our own kernels.
TEST_F(GpuTrainer, GraphsChangeNothing) {
  for (const bool bf16 : {false, true}) {
    TrainingArguments chosen = arguments();
    chosen.gemm = "lathe";
    chosen.bf16 = bf16;
    const Outcome with_graphs = train(*gpu(), chosen);
    chosen.cuda_graphs = false;
    EXPECT_EQ(train(*gpu(), chosen).parameters, with_graphs.parameters);
  }
}

TEST_F(GpuTrainer, SameSeedSameBits) {
  for (const bool bf16 : {false, true}) {
    TrainingArguments chosen = arguments();
    chosen.max_steps = 10;
    chosen.bf16 = bf16;
    EXPECT_EQ(train(*gpu(), chosen).parameters, train(*gpu(), chosen).parameters);
  }
}

TEST_F(GpuTrainer, ResumedEqualsUninterrupted) {
  const TemporaryDirectory directory;
  TrainingArguments chosen = arguments();
  chosen.max_steps = 20;
  chosen.output_dir = directory.path();
  chosen.save_strategy = IntervalStrategy::kSteps;
  chosen.save_steps = 12;
  const Outcome whole = train(*gpu(), chosen);
  chosen.resume_from_checkpoint = checkpoint_path(directory.path(), 12);
  EXPECT_EQ(train(*gpu(), chosen).parameters, whole.parameters);
}

// For compute-sanitizer, under which everything is a hundred times slower.
TEST_F(GpuTrainer, SmallCase) {
  for (const bool bf16 : {false, true}) {
    const auto model = tiny_model(tiny_config(0.1), 1);
    model->parameters().move_to(*gpu());
    TrainingArguments chosen = tiny_arguments();
    chosen.max_steps = 2;
    chosen.bf16 = bf16;
    chosen.gemm = "lathe";
    const Examples examples = tiny_examples(10, 3);
    Trainer trainer(*model, nullptr, chosen, accuracy_of);
    trainer.train(examples, nullptr);
    EXPECT_TRUE(std::isfinite(trainer.predict(examples).mean_loss()));
  }
}

}  // namespace
}  // namespace lathe::testing
