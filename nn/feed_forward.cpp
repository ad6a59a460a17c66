#include "nn/feed_forward.h"

namespace lathe {

FeedForward::FeedForward(ParameterStore& parameters, const std::string& prefix,
                         const BertConfig& config)
    : expand_(parameters, {prefix + ".intermediate.dense"}, config.hidden_size,
              config.intermediate_size),
      contract_(parameters, {prefix + ".output.dense"}, config.intermediate_size,
                config.hidden_size) {}

void FeedForward::forward(Context& context, const Tensor& x, const Tensor& y, Saved* saved) const {
  Saved made;
  const Shape shape{x.rows(), expand_.outputs()};
  if (saved != nullptr) made.slope = context.allocate(shape);
  made.inner = context.allocate(shape);
  expand_.forward(context, x, made.inner, Epilogue::kBiasGelu, made.slope);
  contract_.forward(context, made.inner, y);
  if (saved != nullptr) *saved = made;
}

void FeedForward::backward(Context& context, const Tensor& x, const Tensor& dy, const Saved& saved,
                           const Tensor& dx) {
  const Arena::Scope temporaries(context.arena);
  const Tensor dinner = context.allocate(saved.slope.shape());
  contract_.backward_parameters(context, dy, saved.inner);
  contract_.backward_input_gelu(context, dy, saved.slope, dinner);
  expand_.backward_parameters(context, dinner, x);
  expand_.backward_input_add(context, dinner, dx);
}

}  // namespace lathe
