#include "nn/bert.h"

#include <optional>
#include <utility>

namespace lathe {

namespace {

constexpr uint32_t kEmbeddingsSite = 0;

uint32_t site_of_layer(int64_t index) {
  return kEmbeddingsSite + 1 + static_cast<uint32_t>(index) * EncoderLayer::kDropoutSites;
}

}  // namespace

Bert::Bert(ParameterStore& parameters, const BertConfig& config)
    : embeddings_(parameters, config, kEmbeddingsSite), hidden_(config.hidden_size) {
  for (int64_t i = 0; i < config.num_hidden_layers; ++i) {
    first_parameters_.push_back(parameters.all().size());
    layers_.emplace_back(parameters, i, config, site_of_layer(i));
  }
}

uint32_t Bert::first_free_dropout_site() const {
  return site_of_layer(static_cast<int64_t>(layers_.size()));
}

void Bert::forward(Context& context, const BertInput& input, OutputRows rows, const Tensor& y,
                   Saved* saved) const {
  std::optional<Arena::Scope> temporaries;
  if (saved == nullptr) temporaries.emplace(context.arena);
  const Shape shape{input.tokens, hidden_};
  Tensor x = context.allocate(shape);
  Tensor other = saved ? Tensor() : context.allocate(shape);
  embeddings_.forward(context, input, x, saved ? &saved->embeddings : nullptr);
  if (saved != nullptr) saved->layers.resize(layers_.size());
  for (std::size_t i = 0; i < layers_.size(); ++i) {
    const bool last = i + 1 == layers_.size();
    if (saved != nullptr && !last) other = context.allocate(shape);  // every input is kept
    layers_[i].forward(context, input, x, last ? rows : OutputRows::kAllTokens, last ? y : other,
                       saved ? &saved->layers[i] : nullptr);
    std::swap(x, other);
  }
}

void Bert::backward(Context& context, const BertInput& input, const Tensor& dy, OutputRows rows,
                    const Saved& saved, const GradientsFinal& on_final) {
  const Arena::Scope temporaries(context.arena);
  const Tensor dx = rows == OutputRows::kAllTokens ? dy : context.allocate({input.tokens, hidden_});
  for (std::size_t i = layers_.size(); i-- > 0;) {
    const bool last = i + 1 == layers_.size();
    layers_[i].backward(context, input, last ? dy : dx, last ? rows : OutputRows::kAllTokens,
                        saved.layers[i], dx);
    if (on_final) on_final(first_parameters_[i]);
  }
  embeddings_.backward(context, input, dx, saved.embeddings);
}

}  // namespace lathe
