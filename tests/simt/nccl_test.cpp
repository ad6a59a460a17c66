// NCCL's calls, against a stand-in: which sums, of what, in which order among the streams, and what
// happens when a rank fails. Streams do their work as late as they may.
#include "train/nccl.h"

#include <cuda_runtime.h>
#include <gtest/gtest.h>
#include <nccl.h>

#include <algorithm>
#include <cmath>
#include <memory>
#include <vector>

#include "base/error.h"
#include "kernels/cuda/gpu.h"
#include "tensor/mark.h"
#include "tests/simt/emulated_gpu.h"
#include "tests/temporary_directory.h"
#include "tests/train/tiny_task.h"

namespace lathe {
namespace cuda_emulated {
std::unique_ptr<Communicator> make_nccl_communicator(Communicator& host);
}

namespace testing {
namespace {

using Nccl = LateGpuTest;

// Four numbers of a GPU, and the same number of the host's to copy from and to.
class Numbers {
 public:
  explicit Numbers(Device& gpu)
      : gpu_(gpu),
        memory_(kBytes, "a test", gpu),
        staging_(2 * kBytes, "a test", gpu, Buffer::Kind::kStaging) {}
  Tensor tensor() const { return Tensor(memory_.data(), DType::kF32, {4}); }
  void upload(float value) {
    for (int i = 0; i < 4; ++i) host()[i] = value;
    gpu_.upload(memory_.data(), host(), kBytes);
  }
  float download() {
    gpu_.download(host() + 4, memory_.data(), kBytes);
    Mark copied(gpu_);
    copied.set();
    copied.wait();
    return host()[7];
  }

 private:
  static constexpr int64_t kBytes = 4 * sizeof(float);
  float* host() const { return reinterpret_cast<float*>(staging_.data()); }
  Device& gpu_;
  Buffer memory_, staging_;
};

// What is asked of the GPU before a sum goes into it, and what is asked after wait() finds it, with
// no host waiting. Without wait() nothing orders the two streams, which the emulator shows.
TEST_F(Nccl, SumsFollowTheStreamAndAreFollowed) {
  for (const int ranks : {2, 3}) {
    run_ranks(ranks, [&](Communicator& host) {
      const auto gpu = cuda_emulated::make_gpu(host.rank());
      const auto nccl = cuda_emulated::make_nccl_communicator(host);
      ASSERT_NE(nccl, nullptr);
      Numbers numbers(*gpu);
      const auto sums = nccl->background_sums(*gpu);
      for (const int round : {1, 2}) {
        numbers.upload(static_cast<float>(round * (host.rank() + 1)));
        sums->sum(numbers.tensor());
        EXPECT_EQ(numbers.download(), static_cast<float>(round * (host.rank() + 1)));
        host.barrier();  // whoever waits makes the sum, on all ranks: each looks before that
        sums->wait();
        const int all = ranks * (ranks + 1) / 2;
        EXPECT_EQ(numbers.download(), static_cast<float>(round * all));
      }
    });
  }
}

TEST_F(Nccl, TablesBringTheirMarks) {
  run_ranks(2, [&](Communicator& host) {
    const auto gpu = cuda_emulated::make_gpu(host.rank());
    const auto nccl = cuda_emulated::make_nccl_communicator(host);
    Numbers table(*gpu), marks(*gpu);
    table.upload(1.0f);
    marks.upload(host.rank() == 0 ? 0.0f : 1.0f);
    const auto sums = nccl->background_sums(*gpu);
    const Tensor rows(marks.tensor().data(), DType::kU8, {16});
    sums->sum_table(Tensor(table.tensor().data(), DType::kF32, {2, 2}), rows);
    sums->wait();
    EXPECT_EQ(table.download(), 2.0f);
    EXPECT_EQ(marks.download(), 1.0f);  // byte for byte the largest
  });
}

TEST_F(Nccl, RefusalsAreErrors) {
  EXPECT_EQ(error_of([] {
              run_ranks(2, [](Communicator& host) {
                const auto gpu = cuda_emulated::make_gpu(host.rank());
                const auto nccl = cuda_emulated::make_nccl_communicator(host);
                float outside = 0.0f;
                nccl->background_sums(*gpu)->sum(Tensor(&outside, DType::kF32, {1}));
              });
            }),
            "NCCL: asking for a sum: invalid argument");
}

struct Outcome {
  std::vector<float> parameters;
  std::vector<double> losses;
};

class NoteLosses : public TrainerCallback {
 public:
  NoteLosses(std::vector<double>& losses, int64_t fails_at) : losses_(losses), at_(fails_at) {}
  void on_step_end(const TrainerState&, const StepReport& step) override {
    losses_.push_back(step.loss);
    if (std::ssize(losses_) == at_) fail("enough");
  }

 private:
  std::vector<double>& losses_;
  int64_t at_;
};

// Batches of 4 over 22 examples: an update has as many micro-batches as ranks, the last one fewer.
std::vector<Outcome> train(int ranks, bool on_gpus, int fails_at = 0, int fails_on = 0) {
  TrainingArguments arguments = tiny_arguments();
  arguments.num_train_epochs = 2;
  arguments.num_processes = ranks;
  arguments.adam_epsilon = 1e-3;
  const Examples examples = tiny_examples(22, 3);
  std::vector<Outcome> outcomes(static_cast<std::size_t>(ranks));
  run_ranks(ranks, [&](Communicator& host) {
    const auto gpu = on_gpus ? cuda_emulated::make_gpu(host.rank()) : nullptr;
    const auto nccl = on_gpus ? cuda_emulated::make_nccl_communicator(host) : nullptr;
    const auto model = tiny_model(tiny_config(0.1), 1);
    if (on_gpus) model->parameters().move_to(*gpu);
    Outcome& outcome = outcomes[static_cast<std::size_t>(host.rank())];
    Trainer trainer(*model, nullptr, arguments, accuracy_of, on_gpus ? *nccl : host);
    trainer.add_callback(
        std::make_unique<NoteLosses>(outcome.losses, host.rank() == fails_on ? fails_at : 0));
    trainer.train(examples, nullptr);
    model->parameters().move_to(host_device());
    outcome.parameters = parameters_of(*model);
  });
  return outcomes;
}

TEST_F(Nccl, TrainsAsTheCpuDoes) {
  const int before = simt::nccl_calls();
  const std::vector<Outcome> found = train(2, true), expected = train(2, false);
  EXPECT_GT(simt::nccl_calls() - before, 2 * std::ssize(found[0].losses));
  EXPECT_EQ(found[0].parameters, found[1].parameters);
  EXPECT_EQ(found[0].losses, found[1].losses);
  ASSERT_EQ(found[0].losses.size(), expected[0].losses.size());
  for (std::size_t i = 0; i < found[0].losses.size(); ++i) {
    EXPECT_NEAR(found[0].losses[i], expected[0].losses[i], 1e-6 * expected[0].losses[i]) << i;
  }
  double largest = 0.0;
  for (std::size_t i = 0; i < found[0].parameters.size(); ++i) {
    largest = std::max(
        largest, std::abs(double{found[0].parameters[i]} - double{expected[0].parameters[i]}));
  }
  EXPECT_LT(largest, 1e-6);
}

// The other's GPU would wait for sums of the one that failed for ever, and its host for the GPU.
TEST_F(Nccl, ARankThatFailsEndsTheOther) {
  for (const int rank : {0, 1}) {
    EXPECT_EQ(error_of([&] { train(2, true, 2, rank); }), "enough") << rank;
  }
}

}  // namespace
}  // namespace testing
}  // namespace lathe
