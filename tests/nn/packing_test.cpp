// What a packed batch must not change: a sequence's logits, the sum of gradients, the memory plan.
#include <gtest/gtest.h>

#include <cmath>

#include "base/error.h"
#include "tests/nn/tiny_bert.h"
#include "tests/temporary_directory.h"

namespace lathe {
namespace {

using testing::batch_logits;
using testing::batch_loss;
using testing::error_of;
using testing::random_bert;
using testing::tiny_config;
using testing::TinyBatch;

std::vector<const Kernels*> all_backends() {
  std::vector<const Kernels*> all = {&reference_kernels()};
  for (const Kernels* const* k = available_cpu_kernels(); *k != nullptr; ++k) all.push_back(*k);
  return all;
}

TEST(Packing, CompanyDoesNotChangeASequence) {
  const auto model = random_bert(tiny_config(), 1);
  const TinyBatch batch(tiny_config(), {5, 1, 17, 3, 8}, 2);
  for (const Kernels* kernels : all_backends()) {
    SCOPED_TRACE(kernels->name);
    const std::vector<float> together = batch_logits(*model, *kernels, batch);
    for (std::size_t s = 0; s < 5; ++s) {
      const std::vector<float> alone = batch_logits(*model, *kernels, batch.slice(s, 1));
      for (std::size_t l = 0; l < 3; ++l) EXPECT_EQ(alone[l], together[3 * s + l]);
    }
  }
}

TEST(Packing, TwoMicroBatchesAreOneBatch) {
  const auto whole = random_bert(tiny_config(), 1);
  const auto parts = random_bert(tiny_config(), 1);
  const TinyBatch batch(tiny_config(), {5, 1, 9, 3, 8}, 2);
  for (const Kernels* kernels : all_backends()) {
    SCOPED_TRACE(kernels->name);
    whole->parameters().allocate_gradients();
    parts->parameters().allocate_gradients();
    batch_loss(*whole, *kernels, ProblemType::kSingleLabel, batch, true);
    batch_loss(*parts, *kernels, ProblemType::kSingleLabel, batch.slice(0, 2), true, 5);
    batch_loss(*parts, *kernels, ProblemType::kSingleLabel, batch.slice(2, 3), true, 5);
    for (const Parameter& parameter : whole->parameters().all()) {
      const float* expected = parameter.gradient.f32();
      const float* found = parts->parameters().find(parameter.name)->gradient.f32();
      for (int64_t i = 0; i < parameter.gradient.count(); ++i) {
        ASSERT_NEAR(found[i], expected[i], 2e-6) << parameter.name << " " << i;
      }
    }
  }
}

// The filler's rows add zeros to every sum. Only how a backend cuts a sum among its threads and
// registers may follow from the number of rows: with the reference nothing does.
TEST(Packing, AFillerChangesNothing) {
  BertConfig config = tiny_config();
  config.hidden_dropout_prob = config.attention_probs_dropout_prob = 0.1;
  const auto alone = random_bert(config, 1), filled = random_bert(config, 1);
  const TinyBatch batch(config, {5, 1, 9, 3, 8}, 2);
  for (const Kernels* kernels : all_backends()) {
    const double tolerance = kernels == &reference_kernels() ? 0.0 : 2e-6;
    for (const int count : {0, 1, 38}) {
      SCOPED_TRACE(concat(kernels->name, ", ", count));
      const TinyBatch with_filler = batch.with_filler(config, count);
      require_within(config, with_filler.input());
      EXPECT_EQ(batch_logits(*filled, *kernels, with_filler),
                batch_logits(*alone, *kernels, batch));
      alone->parameters().allocate_gradients();
      filled->parameters().allocate_gradients();
      EXPECT_EQ(batch_loss(*filled, *kernels, ProblemType::kSingleLabel, with_filler, true),
                batch_loss(*alone, *kernels, ProblemType::kSingleLabel, batch, true));
      for (const Parameter& parameter : alone->parameters().all()) {
        const float* expected = parameter.gradient.f32();
        const float* found = filled->parameters().find(parameter.name)->gradient.f32();
        for (int64_t i = 0; i < parameter.gradient.count(); ++i) {
          ASSERT_NEAR(found[i], expected[i], tolerance) << parameter.name << " " << i;
        }
      }
    }
  }
}

TEST(Packing, TouchedRowsAreThoseWithGradients) {
  const auto model = random_bert(tiny_config(), 1);
  batch_loss(*model, cpu_kernels(), ProblemType::kSingleLabel, TinyBatch(tiny_config(), {5, 4}, 2),
             true);
  const Parameter& words = *model->parameters().find("bert.embeddings.word_embeddings.weight");
  ASSERT_EQ(words.active_rows.count(), 31);
  int active = 0;
  for (int64_t row = 0; row < 31; ++row) {
    double sum = 0;
    for (int64_t c = 0; c < 12; ++c) sum += std::abs(double{words.gradient.f32()[row * 12 + c]});
    EXPECT_EQ(sum > 0, words.active_rows.u8()[row] != 0) << row;
    active += sum > 0;
  }
  EXPECT_GT(active, 3);
}

TEST(Packing, InferenceComputesWhatTrainingDoes) {
  const auto model = random_bert(tiny_config(), 1);
  const TinyBatch batch(tiny_config(), {5, 1, 9}, 2);
  Arena arena(1 << 22);
  Context context{cpu_kernels(), arena};
  BertForSequenceClassification::Saved saved;
  const Tensor logits = model->forward(context, batch.input(), &saved);
  const std::vector<float> inferred = batch_logits(*model, cpu_kernels(), batch);
  for (std::size_t i = 0; i < inferred.size(); ++i) EXPECT_EQ(inferred[i], logits.f32()[i]);
}

int64_t peak_of_step(BertForSequenceClassification& model, const TinyBatch& batch, int64_t bytes,
                     Precision precision) {
  Arena arena(bytes);
  Context context{.kernels = reference_kernels(), .arena = arena, .precision = precision};
  BertForSequenceClassification::Saved saved;
  const Tensor logits = model.forward(context, batch.input(), &saved);
  const Tensor losses = arena.f32({logits.rows()});
  const Tensor dlogits = arena.f32(logits.shape());
  sequence_loss(context, ProblemType::kSingleLabel, logits, batch.targets(), losses, dlogits, 1.0f);
  model.backward(context, batch.input(), dlogits, saved);
  return arena.peak();
}

TEST(MemoryPlan, IsWhatAStepTakes) {
  const auto model = random_bert(tiny_config(), 1);
  const TinyBatch batch(tiny_config(), {5, 1, 9}, 2);
  const int64_t plan = model->activation_bytes(15, 3, /*training=*/true);
  EXPECT_EQ(peak_of_step(*model, batch, plan, Precision::kF32), plan);
  const int64_t halved = model->activation_bytes(15, 3, /*training=*/true, Precision::kBF16);
  EXPECT_LT(halved, plan);
  model->parameters().round_values(reference_kernels(), nullptr);
  EXPECT_EQ(peak_of_step(*model, batch, halved, Precision::kBF16), halved);
  EXPECT_LT(model->activation_bytes(15, 3, /*training=*/false), plan / 2);
  EXPECT_GT(model->activation_bytes(16, 3, /*training=*/true), plan);
}

TEST(RequireWithin, RefusesWhatTheTablesDoNotHold) {
  BertConfig config = tiny_config();
  const TinyBatch batch(config, {17}, 2);
  require_within(config, batch.input());
  config.max_position_embeddings = 16;
  EXPECT_EQ(error_of([&] { require_within(config, batch.input()); }),
            "the position 16 at token 16 of a batch is outside the model, whose "
            "max_position_embeddings is 16");
  config = tiny_config();
  config.type_vocab_size = 1;
  error_of([&] { require_within(config, batch.input()); });
  config = tiny_config();
  config.vocab_size = 2;
  error_of([&] { require_within(config, batch.input()); });
}

}  // namespace
}  // namespace lathe
