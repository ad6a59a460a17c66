// The whole model against Transformers: same weights, same inputs, dropout 0.
//   logits within 1e-4, every parameter's gradient within 1e-3 of its norm, each of 50 steps'
//   losses within 1e-3.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <memory>
#include <numeric>
#include <ostream>

#include "base/file.h"
#include "kernels/kernels.h"
#include "nn/loss.h"
#include "nn/pretrained.h"
#include "nn/sequence_classifier.h"
#include "tensor/arena.h"
#include "tests/nn/bert_golden.h"

namespace lathe {

namespace {

constexpr const char* kMiniLm = "demo-data/minilm";  // scripts/fetch.sh puts it there

struct Case {
  std::string name;
  std::string model;      // whose hyperparameters
  std::string directory;  // of the pretrained encoder
  ProblemType problem;
  const Kernels* kernels;

  friend std::ostream& operator<<(std::ostream& out, const Case& test) { return out << test.name; }
};

bool ends_with(const std::string& text, const std::string& end) {
  return text.size() >= end.size() && text.compare(text.size() - end.size(), end.size(), end) == 0;
}

// A model with its memory, and what a training step does to it.
class Session {
 public:
  Session(const Case& test, const BertGolden& golden, const GoldenTraining& training)
      : problem_(test.problem), training_(training), model_(config_of(test, golden)) {
    load_pretrained(test.directory, model_, /*seed=*/0, /*ignore_mismatched_sizes=*/false);
    for (const std::string name : {"classifier.weight", "classifier.bias"}) {
      const std::vector<float> head = golden.f32(name);
      std::copy(head.begin(), head.end(), model_.parameters().find(name)->value.f32());
    }
    model_.parameters().allocate_gradients();
    const BertInput everything = golden.batch(0, golden.examples()).input();
    arena_ = Arena(model_.activation_bytes(everything.tokens, everything.sequences, true));
    context_ = std::make_unique<Context>(Context{.kernels = *test.kernels, .arena = arena_});
    for (Parameter& parameter : model_.parameters().all()) add_slice(parameter);
  }

  // The mean loss of the batch. Adds to the gradients; leaves the logits where given.
  double forward_backward(const GoldenBatch& batch, std::vector<float>* logits_out = nullptr) {
    const Arena::Scope step(arena_);
    const BertInput input = batch.input();
    require_within(model_.config(), input);
    BertForSequenceClassification::Saved saved;
    const Tensor logits = model_.forward(*context_, input, &saved);
    const Tensor losses = arena_.f32({input.sequences});
    const Tensor dlogits = arena_.f32(logits.shape());
    sequence_loss(*context_, problem_, logits, batch.targets(), losses, dlogits,
                  1.0f / static_cast<float>(input.sequences));
    if (logits_out != nullptr) logits_out->assign(logits.f32(), logits.f32() + logits.count());
    const double sum = std::accumulate(losses.f32(), losses.f32() + losses.count(), 0.0);
    model_.backward(*context_, input, dlogits, saved);
    return sum / static_cast<double>(input.sequences);
  }

  // Clips to the norm, makes one AdamW step and clears the gradients.
  void update(int64_t step) {
    const auto count = static_cast<int64_t>(slices_.size());
    const int64_t chunks = number_chunks(slices_.data(), count);
    double squared_norm = 0.0;
    context_->kernels.squared_norm({slices_.data(), count, chunks, &squared_norm}, nullptr);
    context_->kernels.adamw(
        {.slices = slices_.data(),
         .slice_count = count,
         .chunks = chunks,
         .beta1 = training_.beta1,
         .beta2 = training_.beta2,
         .eps = training_.eps,
         .step = adamw_step(learning_rate(step), training_.beta1, training_.beta2, step + 1),
         .squared_norm = &squared_norm,
         .max_norm = training_.max_grad_norm},
        nullptr);
  }

  ParameterStore& parameters() { return model_.parameters(); }

 private:
  static BertConfig config_of(const Case& test, const BertGolden& golden) {
    BertConfig config = read_config(test.directory + "/config.json");
    config.hidden_dropout_prob = 0.0;
    config.attention_probs_dropout_prob = 0.0;
    config.problem_type = test.problem;
    config.labels.resize(static_cast<std::size_t>(golden.num_labels()));
    for (std::size_t i = 0; i < config.labels.size(); ++i) {
      config.labels[i] = "LABEL_" + std::to_string(i);
    }
    return config;
  }

  void add_slice(Parameter& parameter) {
    const bool decays =
        !ends_with(parameter.name, "bias") && parameter.name.find("LayerNorm") == std::string::npos;
    const double weight_decay = decays ? training_.weight_decay : 0.0;
    const bool skips_rows = parameter.sparse_rows && weight_decay == 0.0;
    moments_.emplace_back(static_cast<std::size_t>(2 * parameter.value.count()));
    slices_.push_back({.value = parameter.value.f32(),
                       .gradient = parameter.gradient.f32(),
                       .m = moments_.back().data(),
                       .v = moments_.back().data() + parameter.value.count(),
                       .count = parameter.value.count(),
                       .weight_decay = static_cast<float>(weight_decay),
                       .row_size = skips_rows ? parameter.shape[1] : 0,
                       .active_rows = skips_rows ? parameter.active_rows.u8() : nullptr});
  }

  double learning_rate(int64_t step) const {
    const auto warmup = static_cast<double>(training_.warmup_steps);
    const auto total = static_cast<double>(training_.steps), now = static_cast<double>(step);
    return training_.learning_rate *
           (now < warmup ? now / warmup : (total - now) / (total - warmup));
  }

  ProblemType problem_;
  GoldenTraining training_;
  BertForSequenceClassification model_;
  Arena arena_;
  std::unique_ptr<Context> context_;
  std::vector<std::vector<float>> moments_;
  std::vector<ParameterSlice> slices_;
};

class Parity : public testing::TestWithParam<Case> {
 protected:
  void SetUp() override {
    if (!file_exists(GetParam().directory + "/model.safetensors")) {
      GTEST_SKIP() << GetParam().directory << " is not there: scripts/fetch.sh minilm fetches it";
    }
    golden_ = std::make_unique<BertGolden>("tests/golden/bert_" + GetParam().name + ".safetensors");
    training_ = golden_training(GetParam().model);
    session_ = std::make_unique<Session>(GetParam(), *golden_, training_);
  }

  GoldenBatch batch(int64_t step) const {
    const int64_t batches = golden_->examples() / training_.batch_size;
    return golden_->batch(step % batches * training_.batch_size, training_.batch_size);
  }

  std::unique_ptr<BertGolden> golden_;
  GoldenTraining training_;
  std::unique_ptr<Session> session_;
};

TEST_P(Parity, LogitsAndLoss) {
  std::vector<float> logits;
  const double loss = session_->forward_backward(batch(0), &logits);
  const std::vector<float> expected = golden_->f32("logits");
  ASSERT_EQ(logits.size(), expected.size());
  for (std::size_t i = 0; i < logits.size(); ++i) EXPECT_NEAR(logits[i], expected[i], 1e-4) << i;
  EXPECT_NEAR(loss, golden_->f32("loss")[0], 1e-4);
}

TEST_P(Parity, GradientOfEveryParameter) {
  session_->forward_backward(batch(0));
  ParameterStore& parameters = session_->parameters();
  for (const Parameter& parameter : parameters.all()) {
    SCOPED_TRACE(parameter.name);
    const Distance distance =
        distance_to_golden(parameter.gradient, golden_->f32("grad." + parameter.name));
    // A key's bias adds the same to all scores of a query, which softmax ignores: its exact
    // gradient is zero, and what either side computes is rounding. It is measured against the
    // gradient of the query's bias beside it.
    double scale = distance.norm;
    const std::size_t key = parameter.name.find("key.bias");
    if (key != std::string::npos) {
      scale = norm_of(parameters.find(parameter.name.substr(0, key) + "query.bias")->gradient);
    }
    EXPECT_GT(scale, 0.0);
    EXPECT_LE(distance.difference, 1e-3 * scale);
  }
}

class ParityOfSteps : public Parity {};

TEST_P(ParityOfSteps, FiftySteps) {
  const std::vector<float> expected = golden_->f32("losses");
  ASSERT_EQ(static_cast<int64_t>(expected.size()), training_.steps);
  for (int64_t step = 0; step < training_.steps; ++step) {
    const double loss = session_->forward_backward(batch(step));
    session_->update(step);
    const double golden = expected[static_cast<std::size_t>(step)];
    ASSERT_NEAR(loss, golden, 1e-3 * golden) << "at step " << step;
  }
}

std::vector<const Kernels*> cpu_backends() {  // slowest first
  std::vector<const Kernels*> backends;
  for (const Kernels* const* kernels = available_cpu_kernels(); *kernels != nullptr; ++kernels) {
    backends.push_back(*kernels);
  }
  return backends;
}

std::vector<Case> tiny_cases() {
  std::vector<const Kernels*> backends = cpu_backends();
  backends.insert(backends.begin(), &reference_kernels());
  const std::string encoder = "tests/golden/bert_tiny";
  std::vector<Case> cases;
  for (const Kernels* kernels : backends) {
    cases.push_back({"tiny_single_label", "tiny", encoder, ProblemType::kSingleLabel, kernels});
    cases.push_back({"tiny_multi_label", "tiny", encoder, ProblemType::kMultiLabel, kernels});
    cases.push_back({"tiny_regression", "tiny", encoder, ProblemType::kRegression, kernels});
  }
  return cases;
}

std::vector<Case> minilm_cases(const std::vector<const Kernels*>& backends) {
  std::vector<Case> cases;
  cases.reserve(backends.size());
  for (const Kernels* kernels : backends) {
    cases.push_back({"minilm", "minilm", kMiniLm, ProblemType::kSingleLabel, kernels});
  }
  return cases;
}

std::string name_of_case(const testing::TestParamInfo<Case>& test) {
  return test.param.name + "_" + test.param.kernels->name;
}

INSTANTIATE_TEST_SUITE_P(Tiny, Parity, testing::ValuesIn(tiny_cases()), name_of_case);
INSTANTIATE_TEST_SUITE_P(Tiny, ParityOfSteps, testing::ValuesIn(tiny_cases()), name_of_case);
INSTANTIATE_TEST_SUITE_P(MiniLm, Parity, testing::ValuesIn(minilm_cases(cpu_backends())),
                         name_of_case);
// Many steps of the large model take the fastest backend seconds, and the slowest a minute.
INSTANTIATE_TEST_SUITE_P(MiniLm, ParityOfSteps,
                         testing::ValuesIn(minilm_cases({cpu_backends().back()})), name_of_case);

}  // namespace

}  // namespace lathe
