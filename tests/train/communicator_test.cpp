// Ranks as threads: that they compute what one would, and that none waits for one that is gone.
#include "train/communicator.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <cmath>
#include <mutex>
#include <vector>

#include "base/error.h"
#include "tests/train/tiny_task.h"

namespace lathe::testing {
namespace {

TEST(Communicator, CombinesTheValuesOfAllRanks) {
  for (const int ranks : {1, 2, 3, 4}) {
    run_ranks(ranks, [&](Communicator& communicator) {
      const int rank = communicator.rank();
      ASSERT_EQ(communicator.size(), ranks);
      for (int round = 0; round < 3; ++round) {  // one after another: no rank overtakes
        std::vector<float> sums(7, static_cast<float>(rank + round));
        communicator.all_reduce(std::span(sums));
        const int total = ranks * (ranks - 1) / 2 + ranks * round;
        EXPECT_EQ(sums, std::vector<float>(7, static_cast<float>(total)));
      }
      std::vector<uint8_t> marks(static_cast<std::size_t>(ranks));
      marks[static_cast<std::size_t>(rank)] = 1;
      communicator.all_reduce_max(marks);
      EXPECT_EQ(marks, std::vector<uint8_t>(marks.size(), 1));
      std::vector<int> values{rank, 10 * rank};
      communicator.broadcast(std::as_writable_bytes(std::span(values)), ranks - 1);
      EXPECT_EQ(values, (std::vector<int>{ranks - 1, 10 * (ranks - 1)}));
      std::vector<uint64_t> all(static_cast<std::size_t>(ranks));
      communicator.all_gather(static_cast<uint64_t>(rank) + 5, all);
      for (std::size_t r = 0; r < all.size(); ++r) EXPECT_EQ(all[r], r + 5);
    });
  }
}

TEST(Communicator, SumsAreTheSameBitsOnEveryRank) {
  std::mutex mutex;
  std::vector<std::vector<float>> found;
  run_ranks(3, [&](Communicator& communicator) {
    Random random(static_cast<uint64_t>(communicator.rank()));
    std::vector<float> values(1001);
    for (float& x : values) x = 1e-6f * static_cast<float>(random.next());
    communicator.all_reduce(std::span(values));
    const std::lock_guard lock(mutex);
    found.push_back(values);
  });
  EXPECT_EQ(found[0], found[1]);
  EXPECT_EQ(found[0], found[2]);
}

std::string error_of_ranks(int ranks, const std::function<void(Communicator&)>& work) {
  try {
    run_ranks(ranks, work);
  } catch (const Error& error) {
    return error.what();
  }
  return "";
}

TEST(Communicator, ARankThatFailsEndsTheOthers) {
  std::atomic<int> lost = 0;
  EXPECT_EQ(error_of_ranks(3,
                           [&](Communicator& communicator) {
                             if (communicator.rank() == 1) fail("out of luck");
                             try {
                               for (;;) communicator.barrier();
                             } catch (const RankLost&) {
                               ++lost;
                               throw;
                             }
                           }),
            "out of luck");
  EXPECT_EQ(lost, 2);
}

TEST(Communicator, ARankThatEndsEarlyIsAnError) {
  EXPECT_EQ(error_of_ranks(2,
                           [](Communicator& communicator) {
                             if (communicator.rank() == 0) communicator.barrier();
                           }),
            "a rank ended its work while another waits for it");
}

// ---- training -----------------------------------------------------------------------------------

struct Outcome {
  std::vector<double> losses;  // of each step
  std::vector<float> parameters;
  Json::Object evaluation;
  TrainerState state;
};

class NoteLosses : public TrainerCallback {
 public:
  explicit NoteLosses(std::vector<double>& losses) : losses_(losses) {}
  void on_step_end(const TrainerState&, const StepReport& step) override {
    losses_.push_back(step.loss);
  }

 private:
  std::vector<double>& losses_;
};

Outcome train_on(const TrainingArguments& arguments, const Examples& train, double dropout) {
  const Examples validation = tiny_examples(13, 2);
  Outcome outcome;
  run_ranks(static_cast<int>(arguments.num_processes), [&](Communicator& communicator) {
    const auto model = tiny_model(tiny_config(dropout), 1);
    Trainer trainer(*model, nullptr, arguments, accuracy_of, communicator);
    std::vector<double> losses;
    trainer.add_callback(std::make_unique<NoteLosses>(losses));
    trainer.train(train, nullptr);
    const Json::Object evaluation = trainer.evaluate(validation);
    if (communicator.rank() != 0) return;
    outcome = {losses, parameters_of(*model), evaluation, trainer.state()};
  });
  return outcome;
}

void expect_same(const Outcome& one, const Outcome& many) {
  ASSERT_EQ(one.losses.size(), many.losses.size());
  for (std::size_t i = 0; i < one.losses.size(); ++i) {
    EXPECT_NEAR(one.losses[i], many.losses[i], 1e-6 * one.losses[i]) << "step " << i + 1;
  }
  for (std::size_t i = 0; i < one.parameters.size(); ++i) {
    EXPECT_NEAR(one.parameters[i], many.parameters[i], 2e-6) << i;
  }
  const Json a = one.evaluation, b = many.evaluation;
  EXPECT_EQ(a.find("eval_accuracy")->as_double(), b.find("eval_accuracy")->as_double());
  EXPECT_NEAR(a.find("eval_loss")->as_double(), b.find("eval_loss")->as_double(), 1e-6);
  EXPECT_EQ(one.state.total_flos, many.state.total_flos);
}

// Batches of 4 over 26 examples: the last update has fewer micro-batches than ranks, and a last
// micro-batch of 2. With dropout, because its masks belong to the micro-batch and not to the rank.
TEST(DataParallel, RanksEqualOneRankThatAccumulates) {
  const Examples train = tiny_examples(26, 1);
  for (const int64_t ranks : {2, 3, 4}) {
    TrainingArguments one = tiny_arguments(), many = tiny_arguments();
    one.adam_epsilon = many.adam_epsilon = 1e-3;  // as Trainer.AccumulatedMicroBatchesAreOneBatch
    one.gradient_accumulation_steps = ranks;
    many.num_processes = ranks;
    expect_same(train_on(one, train, 0.1), train_on(many, train, 0.1));
  }
}

TEST(DataParallel, RanksEqualOneBigBatch) {
  const Examples train = tiny_examples(26, 1);
  for (const int64_t ranks : {2, 3, 4}) {
    TrainingArguments one = tiny_arguments(), many = tiny_arguments();
    one.adam_epsilon = many.adam_epsilon = 1e-3;
    one.per_device_train_batch_size *= ranks;
    many.num_processes = ranks;
    expect_same(train_on(one, train, 0.0), train_on(many, train, 0.0));
  }
}

TEST(DataParallel, FewerExamplesThanRanks) {
  const Examples train = tiny_examples(2, 1);
  TrainingArguments one = tiny_arguments(), many = tiny_arguments();
  one.adam_epsilon = many.adam_epsilon = 1e-3;
  one.per_device_train_batch_size = 2;
  many.per_device_train_batch_size = 1;
  many.num_processes = 4;
  expect_same(train_on(one, train, 0.0), train_on(many, train, 0.0));
}

TEST(DataParallel, RunsAreTheSameBits) {
  const Examples train = tiny_examples(26, 1);
  TrainingArguments arguments = tiny_arguments();
  arguments.num_processes = 3;
  EXPECT_EQ(train_on(arguments, train, 0.1).parameters, train_on(arguments, train, 0.1).parameters);
}

TEST(DataParallel, ReplicasThatDifferAreFound) {
  const Examples train = tiny_examples(8, 1);
  TrainingArguments arguments = tiny_arguments();
  arguments.num_processes = 3;
  EXPECT_EQ(error_of_ranks(3,
                           [&](Communicator& communicator) {
                             const auto model =
                                 tiny_model(tiny_config(0), communicator.rank() == 2 ? 7 : 1);
                             Trainer trainer(*model, nullptr, arguments, accuracy_of, communicator);
                             trainer.train(train, nullptr);
                           }),
            "rank 2 begins with other parameters than rank 0; all ranks need the same model");
}

}  // namespace
}  // namespace lathe::testing
