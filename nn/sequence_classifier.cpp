#include "nn/sequence_classifier.h"

#include <utility>

#include "nn/cast.h"
#include "nn/loss.h"

namespace lathe {

BertForSequenceClassification::BertForSequenceClassification(BertConfig config)
    : config_(std::move(config)),
      bert_(parameters_, config_),
      pooler_(parameters_, {"bert.pooler.dense"}, config_.hidden_size, config_.hidden_size),
      classifier_(parameters_, {"classifier"}, config_.hidden_size, config_.num_labels()) {
  parameters_.allocate_values();
}

Tensor BertForSequenceClassification::forward(Context& context, const BertInput& input,
                                              Saved* saved) const {
  Arena& arena = context.arena;
  const Shape shape{input.sequences, config_.hidden_size};
  const Tensor logits = arena.f32({input.sequences, config_.num_labels()});
  std::optional<Arena::Scope> temporaries;
  if (saved == nullptr) temporaries.emplace(arena);
  const Tensor encoded = context.allocate(shape);
  bert_.forward(context, input, OutputRows::kFirstTokens, encoded, saved ? &saved->bert : nullptr);
  const Tensor first = cast(context, encoded, DType::kF32);
  const Tensor pooled = arena.f32(shape);
  pooler_.forward(context, first, pooled, Epilogue::kBiasTanh);
  Tensor dropped = pooled;
  if (saved != nullptr) {
    dropped = arena.f32(shape);
    context.kernels.dropout({.x = pooled.f32(),
                             .y = dropped.f32(),
                             .rows = shape[0],
                             .columns = shape[1],
                             .dropout = head_dropout(context)},
                            context.stream);
    saved->first = first;
    saved->pooled = pooled;
    saved->dropped = dropped;
  }
  classifier_.forward(context, dropped, logits);
  return logits;
}

void BertForSequenceClassification::backward(Context& context, const BertInput& input,
                                             const Tensor& dlogits, const Saved& saved,
                                             const GradientsFinal& on_final) {
  const Arena::Scope temporaries(context.arena);
  const Tensor dpooled = context.arena.f32(saved.pooled.shape());
  const Tensor dfirst = context.arena.f32(saved.pooled.shape());
  classifier_.backward_parameters(context, dlogits, saved.dropped);
  classifier_.backward_input(context, dlogits, dpooled);
  context.kernels.dropout({.x = dpooled.f32(),
                           .y = dpooled.f32(),
                           .rows = dpooled.rows(),
                           .columns = dpooled.columns(),
                           .dropout = head_dropout(context)},
                          context.stream);
  context.kernels.tanh_backward(
      {.y = saved.pooled.f32(), .dy = dpooled.f32(), .dx = dpooled.f32(), .count = dpooled.count()},
      context.stream);
  pooler_.backward_parameters(context, dpooled, saved.first);
  pooler_.backward_input(context, dpooled, dfirst);
  bert_.backward(context, input, cast(context, dfirst, context.activations()),
                 OutputRows::kFirstTokens, saved.bert, on_final);
}

Dropout BertForSequenceClassification::head_dropout(const Context& context) const {
  return context.dropout(static_cast<float>(config_.classifier_dropout_prob()),
                         bert_.first_free_dropout_site(), /*training=*/true);
}

int64_t BertForSequenceClassification::activation_bytes(int64_t tokens, int64_t sequences,
                                                        bool training, Precision precision) {
  Arena measure;
  const bool pools = pools_attention(parameters_.device().kernels());
  Context context{.kernels = dry_kernels(pools), .arena = measure, .precision = precision};
  const BertInput input{.tokens = tokens, .sequences = sequences};
  Saved saved;
  const Tensor logits = forward(context, input, training ? &saved : nullptr);
  const Tensor losses = measure.f32({sequences});
  const Tensor dlogits = training ? measure.f32(logits.shape()) : Tensor();
  sequence_loss(context, ProblemType::kRegression, logits, {}, losses, dlogits, 1.0f);
  if (training) backward(context, input, dlogits, saved);
  return measure.peak();
}

}  // namespace lathe
