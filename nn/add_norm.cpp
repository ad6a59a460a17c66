#include "nn/add_norm.h"

namespace lathe {

AddNorm::AddNorm(ParameterStore& parameters, const std::string& prefix, const BertConfig& config,
                 uint32_t dropout_site)
    : gamma_(
          parameters.add(prefix + ".LayerNorm.weight", {config.hidden_size}, Initializer::kOnes)),
      beta_(parameters.add(prefix + ".LayerNorm.bias", {config.hidden_size}, Initializer::kZeros)),
      eps_(static_cast<float>(config.layer_norm_eps)),
      dropout_(static_cast<float>(config.hidden_dropout_prob)),
      dropout_site_(dropout_site) {}

void AddNorm::forward(Context& context, const Tensor& x, const Tensor& residual, const Tensor& y,
                      Saved* saved) const {
  if (saved != nullptr) {
    saved->sum = x;
    saved->mean = context.arena.f32({x.rows()});
    saved->rstd = context.arena.f32({x.rows()});
  }
  context.kernels.add_norm_forward(
      {.rows = x.rows(),
       .hidden = x.columns(),
       .x = x.numbers(),
       .residual = residual.numbers(),
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

void AddNorm::backward(Context& context, const Tensor& dy, const Saved& saved, const Tensor& dx) {
  context.kernels.add_norm_backward({.rows = dy.rows(),
                                     .hidden = dy.columns(),
                                     .gamma = gamma_.value.f32(),
                                     .dropout = context.dropout(dropout_, dropout_site_, true),
                                     .sum = saved.sum.numbers(),
                                     .mean = saved.mean.f32(),
                                     .rstd = saved.rstd.f32(),
                                     .dy = dy.numbers(),
                                     .dresidual = dy.numbers(),
                                     .dx = dx.numbers(),
                                     .dgamma = gamma_.gradient.f32(),
                                     .dbeta = beta_.gradient.f32()},
                                    context.stream);
}

}  // namespace lathe
