// Training steps as CUDA graphs, on the emulator: the same numbers as without, and nothing of a
// step among the arguments that a graph repeats.
#include <cuda_runtime.h>
#include <gtest/gtest.h>

#include <array>
#include <map>
#include <set>

#include "base/file.h"
#include "kernels/cuda/gpu.h"
#include "tensor/graph.h"
#include "tensor/host_copy.h"
#include "tensor/mark.h"
#include "tests/simt/emulated_gpu.h"
#include "tests/simt/hopper.h"
#include "tests/temporary_directory.h"
#include "tests/train/tiny_task.h"
#include "train/checkpoint.h"
#include "train/feeder.h"
#include "train/step_graphs.h"

namespace lathe::testing {
namespace {

class CudaGraphs : public LateGpuTest {
 protected:
  // Batches of 4 and, at the end of an epoch, of 2; AdamW's rate, corrections and dropout's masks
  // differ in every step.
  static TrainingArguments arguments() {
    TrainingArguments chosen = tiny_arguments();
    chosen.num_train_epochs = 3;
    chosen.weight_decay = 0.1;
    chosen.max_grad_norm = 0.5;
    chosen.logging_strategy = IntervalStrategy::kSteps;
    chosen.logging_steps = 1;
    chosen.gemm = "lathe";
    return chosen;
  }

  struct Outcome {
    std::map<std::string, std::string> files;  // of the last checkpoint
    std::string log;                           // a line for each step
    int launches = 0;                          // of graphs
  };
  static Outcome train(TrainingArguments chosen, bool graphs, const Examples& examples) {
    const TemporaryDirectory directory;
    chosen.output_dir = directory.path();
    chosen.save_strategy = IntervalStrategy::kEpoch;
    chosen.cuda_graphs = graphs;
    const auto model = tiny_model(tiny_config(0.1), 1);
    model->parameters().move_to(gpu());
    Trainer trainer(*model, nullptr, chosen, accuracy_of);
    const int before = simt::graph_launches();
    trainer.train(examples, nullptr);
    Outcome outcome;
    outcome.launches = simt::graph_launches() - before;
    for (const char* file : {"model.safetensors", "optimizer.safetensors"}) {
      outcome.files[file] = read_file(checkpoints_in(directory.path()).back() + "/" + file);
    }
    for (const Json::Object& entry : trainer.state().log_history) {
      if (entry.front().first == "loss") outcome.log += Json(entry).dump() + "\n";
    }
    return outcome;
  }

  // With graphs and without, and how often one was launched.
  static int launches_of_same_run(const TrainingArguments& chosen, const Examples& examples) {
    const Outcome expected = train(chosen, false, examples), found = train(chosen, true, examples);
    EXPECT_EQ(expected.launches, 0);
    EXPECT_GT(expected.log.size(), 200u);
    EXPECT_EQ(found.log, expected.log);
    EXPECT_TRUE(found.files == expected.files);
    return found.launches;
  }

  // All micro-batches but the first of each kind.
  static int expected_launches(const TrainingArguments& chosen, const Examples& examples) {
    std::set<std::array<int64_t, 5>> kinds;
    int all = 0;
    const int64_t each = chosen.gradient_accumulation_steps;
    for (int64_t e = 0; e < static_cast<int64_t>(chosen.num_train_epochs); ++e) {
      const Epoch epoch =
          training_epoch(examples, chosen.train_sampling_strategy,
                         chosen.per_device_train_batch_size, chosen.order_seed(), e);
      for (int64_t i = 0; i < epoch.size(); ++i, ++all) {
        const int64_t first = i / each * each, last = std::min(first + each, epoch.size());
        int64_t together = 0;
        for (int64_t b = first; b < last; ++b) together += std::ssize(epoch.rows(b));
        const Batch batch = epoch[i];
        kinds.insert(
            {(batch.tokens() + 63) / 64, batch.size(), together, i > first, i + 1 == last});
      }
    }
    return all - static_cast<int>(kinds.size());
  }
};

TEST_F(CudaGraphs, ChangeNothing) {
  for (const char* gemm : {"lathe", "cublaslt"}) {
    TrainingArguments chosen = arguments();
    chosen.gemm = gemm;
    const Examples examples = tiny_examples(10, 3);
    const int launches = launches_of_same_run(chosen, examples);
    EXPECT_EQ(launches, expected_launches(chosen, examples));
    EXPECT_GE(launches, 5) << "of 9 steps";
  }
}

TEST_F(CudaGraphs, ChangeNothingInBf16) {
  for (const char* gemm : {"lathe", "cublaslt"}) {
    TrainingArguments chosen = arguments();
    chosen.gemm = gemm;
    chosen.bf16 = true;
    EXPECT_GE(launches_of_same_run(chosen, tiny_examples(10, 3)), 5);
  }
}

// What describes a matrix to the copies of tiles is an argument too.
TEST_F(CudaGraphs, ChangeNothingOnHopper) {
  simt::pretend_to_be({9, 2});
  TrainingArguments chosen = arguments();
  chosen.bf16 = true;
  EXPECT_GE(launches_of_same_run(chosen, tiny_examples(10, 3)), 5);
  simt::pretend_to_be({});
}

// Every micro-batch is a launch, a step's last one with the update in it. Of an epoch's two steps
// the second has fewer of them, so a mean over fewer examples.
TEST_F(CudaGraphs, ChangeNothingWhenGradientsAccumulate) {
  TrainingArguments chosen = arguments();
  chosen.per_device_train_batch_size = 2;
  chosen.gradient_accumulation_steps = 3;
  const Examples examples = tiny_examples(10, 3);
  const int launches = launches_of_same_run(chosen, examples);
  EXPECT_EQ(launches, expected_launches(chosen, examples));
  EXPECT_GE(launches, 10) << "of 15 micro-batches";
}

TEST_F(CudaGraphs, ChangeNothingInBatchesThatAreFull) {
  Examples examples = tiny_examples(8, 3);  // each becomes 16 tokens
  std::vector<int64_t> offsets{0};
  for (int64_t i = 0; i < 8; ++i) offsets.push_back(16 * (i + 1));
  std::vector<int32_t> ids(128);
  for (std::size_t i = 0; i < ids.size(); ++i) ids[i] = static_cast<int32_t>(i * i % 40);
  examples.tokens = {std::move(offsets), std::move(ids), std::vector<uint8_t>(128, 1)};
  EXPECT_EQ(launches_of_same_run(arguments(), examples), 5);
}

TEST_F(CudaGraphs, ResumeAsIfTheRunHadNotStopped) {
  const TemporaryDirectory directory;
  TrainingArguments chosen = arguments();
  const Examples examples = tiny_examples(10, 3);
  const Outcome whole = train(chosen, true, examples);
  {
    TrainingArguments half = chosen;
    half.output_dir = directory.path();
    half.save_strategy = IntervalStrategy::kSteps;
    half.save_steps = 5;
    const auto model = tiny_model(tiny_config(0.1), 1);
    model->parameters().move_to(gpu());
    Trainer(*model, nullptr, half, accuracy_of).train(examples, nullptr);
  }
  chosen.resume_from_checkpoint = checkpoint_path(directory.path(), 5);
  const Outcome resumed = train(chosen, true, examples);
  EXPECT_TRUE(resumed.files == whole.files);
  EXPECT_GT(resumed.launches, 0);
}

TEST_F(CudaGraphs, AreNotForSeveralRanks) {
  TrainingArguments chosen = arguments();
  chosen.num_processes = 2;
  chosen.num_train_epochs = 2;
  const Examples examples = tiny_examples(10, 3);
  const int before = simt::graph_launches();
  run_ranks(2, [&](Communicator& communicator) {
    const auto own = cuda_emulated::make_gpu(communicator.rank());
    const auto model = tiny_model(tiny_config(0.1), 1);
    model->parameters().move_to(*own);
    Trainer(*model, nullptr, chosen, accuracy_of, communicator).train(examples, nullptr);
  });
  EXPECT_EQ(simt::graph_launches(), before);
}

// ---- what a graph repeats -----------------------------------------------------------------------

// A parameter after three steps of AdamW at three rates, and what dropout left of it before each.
std::vector<float> three_steps(Device& gpu, bool numbers_in_memory, bool graphs) {
  constexpr int64_t kCount = 64;
  ParameterStore parameters;
  Parameter& parameter = parameters.add("weight", {kCount}, Initializer::kOnes);
  parameters.allocate_values();
  initialize(parameter, 0.0, 0);
  parameters.move_to(gpu);
  parameters.allocate_gradients();
  Buffer memory(kCount * static_cast<int64_t>(sizeof(float)), "a test", gpu);
  const Tensor dropped(memory.data(), DType::kF32, {kCount});
  Arena arena(64, gpu);
  Context context{.kernels = gpu.kernels(), .arena = arena, .stream = gpu.stream()};
  AdamW optimizer(parameters, {});
  Feeder feeder(gpu, 1, 1, 1);
  StepGraphs steps(graphs ? &gpu : nullptr);
  std::vector<float> left;
  for (const double rate : {1e-2, 2e-2, 5e-2}) {
    HostCopy gradient(gpu, parameter.gradient);
    std::fill_n(gradient.f32(), kCount, 0.5f);
    gradient.write_back();
    StepNumbers numbers{.micro_batch = ++context.step};
    if (numbers_in_memory) numbers.adamw = optimizer.begin_step(rate);
    const StepNumbers* place = feeder.put(numbers);
    context.step_at = numbers_in_memory ? &place->micro_batch : nullptr;
    steps.run({}, [&] {
      const Dropout dropout = context.dropout(0.5f, 0, true);
      context.kernels.dropout({parameter.value.f32(), dropped.f32(), 1, kCount, dropout},
                              context.stream);
      if (numbers_in_memory) return optimizer.update(context, &place->adamw);
      optimizer.step(context, rate);
    });
    const HostCopy copy(gpu, dropped);
    left.insert(left.end(), copy.f32(), copy.f32() + kCount);
  }
  const HostCopy value(gpu, parameter.value);
  left.insert(left.end(), value.f32(), value.f32() + kCount);
  return left;
}

// Both in memory: the graph does what is to be done. Both as arguments, as they are without graphs:
// it repeats what was to be done when it was captured, which the runs above would show.
TEST_F(CudaGraphs, RepeatArgumentsAndReadMemory) {
  const std::vector<float> right = three_steps(gpu(), false, false);
  EXPECT_EQ(three_steps(gpu(), true, false), right);
  EXPECT_EQ(three_steps(gpu(), true, true), right);
  const std::vector<float> baked = three_steps(gpu(), false, true);
  const auto third_mask = [](const std::vector<float>& x) {
    std::vector<bool> kept;
    for (std::size_t i = 128; i < 192; ++i) kept.push_back(x[i] != 0);
    return kept;
  };
  EXPECT_NE(third_mask(baked), third_mask(right));
  EXPECT_NE(baked.back(), right.back());
}

// ---- what cannot be captured --------------------------------------------------------------------

// Empty, or why it cannot. The device goes on as if nothing had been asked.
std::string capture_error(Device& gpu, const std::function<void()>& ask) {
  try {
    const Graph graph(gpu, ask);
  } catch (const Error& error) {
    Buffer memory(sizeof(float), "a test", gpu);
    const float value = 4;
    float found = 0;
    gpu.upload(memory.data(), &value, sizeof value);
    gpu.download(&found, memory.data(), sizeof found);
    EXPECT_EQ(found, value);
    return error.what();
  }
  return "";
}

TEST_F(CudaGraphs, RefuseWhatWaits) {
  const std::string refused = "operation not permitted when stream is capturing";
  const Buffer memory(sizeof(float), "a test", gpu());
  const Buffer staging(sizeof(float), "a test", gpu(), Buffer::Kind::kStaging);
  float value = 0;
  Mark before(gpu()), inside(gpu());
  before.set();
  const auto error_of_work = [&](const std::function<void()>& ask) {
    return capture_error(gpu(), ask);
  };
  EXPECT_EQ(error_of_work([&] { gpu().download(&value, memory.data(), sizeof value); }),
            "CUDA: a copy from the GPU: " + refused);
  EXPECT_EQ(error_of_work([&] { gpu().upload(memory.data(), &value, sizeof value); }),
            "CUDA: a copy to the GPU: " + refused);
  EXPECT_EQ(error_of_work([&] { Buffer(1, "a test", gpu()); }),
            "CUDA: allocating memory: " + refused);
  EXPECT_EQ(error_of_work([&] { Buffer(1, "a test", gpu(), Buffer::Kind::kStaging); }),
            "CUDA: allocating memory: " + refused);
  EXPECT_EQ(error_of_work([&] { before.wait(); }), "CUDA: waiting for the GPU: " + refused);
  EXPECT_EQ(error_of_work([&] { fail("no step"); }), "no step");
  EXPECT_EQ(error_of_work([&] {
              try {
                before.wait();
              } catch (const Error&) {
              }
            }),
            "CUDA: capturing work: operation failed due to a previous error during capture");
  // Copies by the device itself can be captured; a mark is then a place in the graph.
  EXPECT_EQ(error_of_work([&] {
              gpu().download(staging.data(), memory.data(), sizeof value);
              inside.set();
            }),
            "");
  EXPECT_EQ(error_of([&] { inside.wait(); }),
            "CUDA: waiting for the GPU: operation not permitted on an event last recorded in a "
            "capturing stream");
}

TEST_F(CudaGraphs, AStepThatCannotBeCapturedIsAnError) {
  StepGraphs steps(&gpu());
  const Buffer memory(sizeof(float), "a test", gpu());
  float value = 0;
  const auto read = [&] { gpu().download(&value, memory.data(), sizeof value); };
  steps.run({}, read);  // not captured yet
  EXPECT_EQ(error_of([&] { steps.run({}, read); }),
            "CUDA: a copy from the GPU: operation not permitted when stream is capturing, in a "
            "step that was captured as a graph; --cuda_graphs false trains without graphs");
}

// The first 64 keys that come twice have graphs.
TEST_F(CudaGraphs, AreSoManyAtMost) {
  StepGraphs steps(&gpu());
  const Buffer memory(2 * sizeof(float), "a test", gpu());
  int asked = 0;
  const auto launches = [&](int64_t tokens) {
    const int before = simt::graph_launches();
    steps.run({tokens, 0, 1, 1, false, true}, [&] {
      ++asked;
      gpu().copy(memory.data(), memory.data() + sizeof(float), sizeof(float));
    });
    return simt::graph_launches() - before;
  };
  for (int64_t tokens = 0; tokens < 70; ++tokens) EXPECT_EQ(launches(tokens), 0);
  for (int round = 0; round < 2; ++round) {
    for (int64_t tokens = 69; tokens >= 0; --tokens)
      EXPECT_EQ(launches(tokens), tokens > 5 ? 1 : 0);
  }
  EXPECT_EQ(asked, 70 + 64 + 2 * 6);  // to be done, to be captured, to be done
}

}  // namespace
}  // namespace lathe::testing
