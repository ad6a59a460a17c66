#include "nn/self_attention.h"

#include <cmath>

namespace lathe {

SelfAttention::SelfAttention(ParameterStore& parameters, const std::string& prefix,
                             const BertConfig& config, uint32_t dropout_site)
    : query_key_value_(parameters, {prefix + ".query", prefix + ".key", prefix + ".value"},
                       config.hidden_size, config.hidden_size),
      query_(query_key_value_.slice(0, 1)),
      key_value_(query_key_value_.slice(1, 2)),
      heads_(config.num_attention_heads),
      head_size_(config.head_size()),
      scale_(static_cast<float>(1.0 / std::sqrt(static_cast<double>(config.head_size())))),
      pool_(query_key_value_.slice(1, 1), query_key_value_.slice(2, 1), head_size_, scale_),
      dropout_(static_cast<float>(config.attention_probs_dropout_prob)),
      dropout_site_(dropout_site) {}

void SelfAttention::forward(Context& context, const Tensor& x, const Tensor& x_q,
                            const AttentionSpan& span, const Tensor& result, Saved* saved) const {
  const int64_t hidden = heads_ * head_size_;
  const Dropout dropout = context.dropout(dropout_, dropout_site_, saved != nullptr);
  Saved made;
  made.context = result;
  if (x_q.data() == x.data()) {
    const Tensor qkv = context.allocate({x.rows(), 3 * hidden});
    query_key_value_.forward(context, x, qkv);
    made.q = qkv.columns_slice(0, hidden);
    made.k = qkv.columns_slice(hidden, hidden);
    made.v = qkv.columns_slice(2 * hidden, hidden);
  } else {
    made.q = context.allocate({x_q.rows(), hidden});
    query_.forward(context, x_q, made.q);
    if (pools_attention(context.kernels)) {
      pool_.forward(context, x, span.offsets, made.q, dropout, result,
                    saved != nullptr ? &made.pool : nullptr);
      if (saved != nullptr) *saved = made;
      return;
    }
    const Tensor kv = context.allocate({x.rows(), 2 * hidden});
    key_value_.forward(context, x, kv);
    made.k = kv.columns_slice(0, hidden);
    made.v = kv.columns_slice(hidden, hidden);
  }
  if (saved != nullptr) made.logsumexp = context.arena.f32({x_q.rows(), heads_});
  context.kernels.attention_forward({.sequences = span.sequences,
                                     .heads = heads_,
                                     .head_size = head_size_,
                                     .query_offsets = span.query_offsets,
                                     .offsets = span.offsets,
                                     .q = made.q.numbers(),
                                     .k = made.k.numbers(),
                                     .v = made.v.numbers(),
                                     .ldq = made.q.row_stride(),
                                     .ldk = made.k.row_stride(),
                                     .ldv = made.v.row_stride(),
                                     .scale = scale_,
                                     .dropout = dropout,
                                     .context = result.numbers(),
                                     .ldcontext = result.row_stride(),
                                     .logsumexp = made.logsumexp.f32()},
                                    context.stream);
  if (saved != nullptr) *saved = made;
}

void SelfAttention::attention_backward(Context& context, const AttentionSpan& span,
                                       const Tensor& dresult, const Saved& saved, const Tensor& dq,
                                       const Tensor& dk, const Tensor& dv) {
  context.kernels.attention_backward({.sequences = span.sequences,
                                      .heads = heads_,
                                      .head_size = head_size_,
                                      .longest = span.longest,
                                      .query_offsets = span.query_offsets,
                                      .offsets = span.offsets,
                                      .q = saved.q.numbers(),
                                      .k = saved.k.numbers(),
                                      .v = saved.v.numbers(),
                                      .ldq = saved.q.row_stride(),
                                      .ldk = saved.k.row_stride(),
                                      .ldv = saved.v.row_stride(),
                                      .scale = scale_,
                                      .dropout = context.dropout(dropout_, dropout_site_, true),
                                      .context = saved.context.numbers(),
                                      .dcontext = dresult.numbers(),
                                      .ldcontext = saved.context.row_stride(),
                                      .logsumexp = saved.logsumexp.f32(),
                                      .dq = dq.numbers(),
                                      .dk = dk.numbers(),
                                      .dv = dv.numbers(),
                                      .lddq = dq.row_stride(),
                                      .lddk = dk.row_stride(),
                                      .lddv = dv.row_stride()},
                                     context.stream);
}

void SelfAttention::backward(Context& context, const Tensor& x, const AttentionSpan& span,
                             const Tensor& dresult, const Saved& saved, const Tensor& dx) {
  const Arena::Scope temporaries(context.arena);
  const int64_t hidden = heads_ * head_size_;
  const Tensor dqkv = context.allocate({x.rows(), 3 * hidden});
  attention_backward(context, span, dresult, saved, dqkv.columns_slice(0, hidden),
                     dqkv.columns_slice(hidden, hidden), dqkv.columns_slice(2 * hidden, hidden));
  query_key_value_.backward_parameters(context, dqkv, x);
  query_key_value_.backward_input_add(context, dqkv, dx);
}

void SelfAttention::backward(Context& context, const Tensor& x, const Tensor& x_q,
                             const AttentionSpan& span, const Tensor& dresult, const Saved& saved,
                             const Tensor& dx, const Tensor& dx_q) {
  const Arena::Scope temporaries(context.arena);
  const int64_t hidden = heads_ * head_size_;
  const Tensor dq = context.allocate({x_q.rows(), hidden});
  if (pools_attention(context.kernels)) {
    pool_.backward(context, x, span.offsets, saved.q,
                   context.dropout(dropout_, dropout_site_, true), dresult, saved.pool, dx, dq);
  } else {
    const Tensor dkv = context.allocate({x.rows(), 2 * hidden});
    attention_backward(context, span, dresult, saved, dq, dkv.columns_slice(0, hidden),
                       dkv.columns_slice(hidden, hidden));
    key_value_.backward_parameters(context, dkv, x);
    key_value_.backward_input(context, dkv, dx);
  }
  query_.backward_parameters(context, dq, x_q);
  query_.backward_input_add(context, dq, dx_q);
}

}  // namespace lathe
