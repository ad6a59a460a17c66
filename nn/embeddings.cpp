#include "nn/embeddings.h"

namespace lathe {

Embeddings::Embeddings(ParameterStore& parameters, const BertConfig& config, uint32_t dropout_site)
    : word_(parameters.add("bert.embeddings.word_embeddings.weight",
                           {config.vocab_size, config.hidden_size}, Initializer::kNormal,
                           /*sparse_rows=*/true)),
      position_(parameters.add("bert.embeddings.position_embeddings.weight",
                               {config.max_position_embeddings, config.hidden_size},
                               Initializer::kNormal)),
      type_(parameters.add("bert.embeddings.token_type_embeddings.weight",
                           {config.type_vocab_size, config.hidden_size}, Initializer::kNormal)),
      gamma_(parameters.add("bert.embeddings.LayerNorm.weight", {config.hidden_size},
                            Initializer::kOnes)),
      beta_(parameters.add("bert.embeddings.LayerNorm.bias", {config.hidden_size},
                           Initializer::kZeros)),
      eps_(static_cast<float>(config.layer_norm_eps)),
      dropout_(static_cast<float>(config.hidden_dropout_prob)),
      dropout_site_(dropout_site),
      padding_id_(config.pad_token_id) {}

void Embeddings::forward(Context& context, const BertInput& input, const Tensor& y,
                         Saved* saved) const {
  if (saved != nullptr) {
    saved->sum = context.allocate(y.shape());
    saved->mean = context.arena.f32({input.tokens});
    saved->rstd = context.arena.f32({input.tokens});
  }
  context.kernels.embedding_forward(
      {.tokens = input.tokens,
       .hidden = y.columns(),
       .ids = input.input_ids,
       .positions = input.position_ids,
       .types = input.token_type_ids,
       .word = word_.value.f32(),
       .position = position_.value.f32(),
       .type = type_.value.f32(),
       .gamma = gamma_.value.f32(),
       .beta = beta_.value.f32(),
       .eps = eps_,
       .dropout = context.dropout(dropout_, dropout_site_, saved != nullptr),
       .y = y.numbers(),
       .sum = saved ? saved->sum.numbers() : nullptr,
       .mean = saved ? saved->mean.f32() : nullptr,
       .rstd = saved ? saved->rstd.f32() : nullptr},
      context.stream);
}

void Embeddings::backward(Context& context, const BertInput& input, const Tensor& dy,
                          const Saved& saved) {
  context.kernels.embedding_backward(
      {.tokens = input.tokens,
       .hidden = dy.columns(),
       .words = word_.shape[0],
       .position_rows = position_.shape[0],
       .type_rows = type_.shape[0],
       .ids = input.input_ids,
       .positions = input.position_ids,
       .types = input.token_type_ids,
       .gamma = gamma_.value.f32(),
       .dropout = context.dropout(dropout_, dropout_site_, true),
       .sum = saved.sum.numbers(),
       .mean = saved.mean.f32(),
       .rstd = saved.rstd.f32(),
       .dy = dy.numbers(),
       .dsum = dy.numbers(),
       .dgamma = gamma_.gradient.f32(),
       .dbeta = beta_.gradient.f32(),
       .dword = word_.gradient.f32(),
       .dposition = position_.gradient.f32(),
       .dtype = type_.gradient.f32(),
       .word_touched = word_.active_rows.empty() ? nullptr : word_.active_rows.u8()},
      context.stream);
  // PyTorch's padding_idx: the padding token's row is never trained, even where a text spells [PAD]
  // out.
  if (padding_id_ >= 0 && padding_id_ < word_.shape[0]) {
    float* row = word_.gradient.f32() + padding_id_ * dy.columns();
    context.kernels.zero({.x = row, .count = dy.columns()}, context.stream);
  }
}

}  // namespace lathe
