#include "tests/nn/tiny_bert.h"

#include <numeric>

#include "tensor/random.h"

namespace lathe::testing {

namespace {

constexpr int64_t kArenaBytes = int64_t{1} << 24;
constexpr uint64_t kDropoutSeed = 42;

}  // namespace

BertConfig tiny_config() {
  BertConfig config;
  config.vocab_size = 31;
  config.hidden_size = 12;
  config.num_hidden_layers = 2;
  config.num_attention_heads = 3;
  config.intermediate_size = 20;
  config.max_position_embeddings = 17;
  config.hidden_dropout_prob = 0.0;
  config.attention_probs_dropout_prob = 0.0;
  config.labels = {"a", "b", "c"};
  return config;
}

std::unique_ptr<BertForSequenceClassification> random_bert(const BertConfig& config,
                                                           uint64_t seed) {
  auto model = std::make_unique<BertForSequenceClassification>(config);
  Random random(seed);
  for (Parameter& parameter : model->parameters().all()) {
    const float centre = parameter.initializer == Initializer::kOnes ? 1.0f : 0.0f;
    for (int64_t i = 0; i < parameter.value.count(); ++i) {
      parameter.value.f32()[i] = centre + 0.3f * static_cast<float>(random.normal());
    }
  }
  model->parameters().allocate_gradients();
  return model;
}

TinyBatch::TinyBatch(const BertConfig& config, const std::vector<int>& lengths, uint64_t seed)
    : labels_(config.num_labels()) {
  Random random(seed);
  offsets_.push_back(0);
  for (const int length : lengths) {
    for (int i = 0; i < length; ++i) {
      ids_.push_back(
          1 + static_cast<int32_t>(random.below(static_cast<uint64_t>(config.vocab_size - 1))));
      types_.push_back(i > length / 2 ? 1 : 0);
      positions_.push_back(i);
    }
    offsets_.push_back(static_cast<int32_t>(ids_.size()));
    classes_.push_back(static_cast<int32_t>(random.below(static_cast<uint64_t>(labels_))));
    for (int64_t l = 0; l < labels_; ++l) values_.push_back(random.next() % 2 ? 1.0f : 0.0f);
  }
  counter_.resize(offsets_.size());
  std::iota(counter_.begin(), counter_.end(), 0);
}

TinyBatch TinyBatch::slice(std::size_t first, std::size_t count) const {
  TinyBatch part;
  part.labels_ = labels_;
  const auto from = offsets_[first], to = offsets_[first + count];
  part.ids_.assign(ids_.begin() + from, ids_.begin() + to);
  part.types_.assign(types_.begin() + from, types_.begin() + to);
  part.positions_.assign(positions_.begin() + from, positions_.begin() + to);
  for (std::size_t s = first; s <= first + count; ++s) part.offsets_.push_back(offsets_[s] - from);
  part.counter_.assign(counter_.begin(), counter_.begin() + static_cast<std::ptrdiff_t>(count) + 1);
  for (std::size_t s = first; s < first + count; ++s) {
    part.classes_.push_back(classes_[s]);
    for (int64_t l = 0; l < labels_; ++l) {
      part.values_.push_back(
          values_[s * static_cast<std::size_t>(labels_) + static_cast<std::size_t>(l)]);
    }
  }
  return part;
}

TinyBatch TinyBatch::with_filler(const BertConfig& config, int count) const {
  TinyBatch filled = *this;
  const std::size_t tokens = ids_.size() + static_cast<std::size_t>(count);
  filled.ids_.resize(tokens, static_cast<int32_t>(config.vocab_size - 1));
  filled.types_.resize(tokens, static_cast<int32_t>(config.type_vocab_size - 1));
  filled.positions_.resize(tokens, static_cast<int32_t>(config.max_position_embeddings - 1));
  filled.offsets_.push_back(static_cast<int32_t>(tokens));
  filled.counter_.push_back(counter_.back());
  filled.fillers_ = 1;
  return filled;
}

BertInput TinyBatch::input() const {
  return {.tokens = static_cast<int64_t>(ids_.size()),
          .sequences = static_cast<int64_t>(classes_.size()),
          .fillers = fillers_,
          .input_ids = ids_.data(),
          .token_type_ids = types_.data(),
          .position_ids = positions_.data(),
          .offsets = offsets_.data(),
          .counter = counter_.data()};
}

double batch_loss(BertForSequenceClassification& model, const Kernels& kernels, ProblemType type,
                  const TinyBatch& batch, bool gradients, int64_t mean_over,
                  const GradientsFinal& on_final, Precision precision) {
  Arena arena(kArenaBytes);
  if (precision == Precision::kBF16) model.parameters().round_values(kernels, nullptr);
  Context context{
      .kernels = kernels, .arena = arena, .seed = kDropoutSeed, .step = 3, .precision = precision};
  const BertInput input = batch.input();
  BertForSequenceClassification::Saved saved;
  const Tensor logits = model.forward(context, input, &saved);
  const Tensor losses = arena.f32({input.sequences});
  const Tensor dlogits = gradients ? arena.f32(logits.shape()) : Tensor();
  if (mean_over == 0) mean_over = input.sequences;
  sequence_loss(context, type, logits, batch.targets(), losses, dlogits,
                1.0f / static_cast<float>(mean_over));
  if (gradients) model.backward(context, input, dlogits, saved, on_final);
  double sum = 0;
  for (int64_t s = 0; s < input.sequences; ++s) sum += static_cast<double>(losses.f32()[s]);
  return sum / static_cast<double>(input.sequences);
}

std::vector<float> batch_logits(const BertForSequenceClassification& model, const Kernels& kernels,
                                const TinyBatch& batch) {
  Arena arena(kArenaBytes);
  Context context{kernels, arena};
  const Tensor logits = model.forward(context, batch.input(), nullptr);
  return {logits.f32(), logits.f32() + logits.count()};
}

}  // namespace lathe::testing
