#include "nn/encoder_layer.h"

#include <optional>

namespace lathe {

namespace {

std::string layer_prefix(int64_t index) { return "bert.encoder.layer." + std::to_string(index); }

AttentionSpan span_of(const BertInput& input, OutputRows rows) {
  const bool all = rows == OutputRows::kAllTokens;
  return {input.sequences + input.fillers, input.longest, all ? input.offsets : input.counter,
          input.offsets};
}

}  // namespace

EncoderLayer::EncoderLayer(ParameterStore& parameters, int64_t index, const BertConfig& config,
                           uint32_t first_site)
    : attention_(parameters, layer_prefix(index) + ".attention.self", config, first_site),
      attention_output_(parameters, {layer_prefix(index) + ".attention.output.dense"},
                        config.hidden_size, config.hidden_size),
      attention_norm_(parameters, layer_prefix(index) + ".attention.output", config,
                      first_site + 1),
      feed_forward_(parameters, layer_prefix(index), config),
      output_norm_(parameters, layer_prefix(index) + ".output", config, first_site + 2) {}

void EncoderLayer::forward(Context& context, const BertInput& input, const Tensor& x,
                           OutputRows rows, const Tensor& y, Saved* saved) const {
  std::optional<Arena::Scope> temporaries;
  if (saved == nullptr) temporaries.emplace(context.arena);
  const Shape shape = y.shape();
  Saved made;
  made.x = x;
  made.x_q = x;
  if (rows == OutputRows::kFirstTokens) {
    made.x_q = context.allocate(shape);
    context.kernels.gather_rows({.x = x.numbers(),
                                 .indices = input.offsets,
                                 .y = made.x_q.numbers(),
                                 .rows = shape[0],
                                 .columns = shape[1]},
                                context.stream);
  }

  const Tensor heads = context.allocate(shape);
  attention_.forward(context, x, made.x_q, span_of(input, rows), heads,
                     saved ? &made.attention : nullptr);
  const Tensor attended = context.allocate(shape);
  attention_output_.forward(context, heads, attended);
  made.h = context.allocate(shape);
  attention_norm_.forward(context, attended, made.x_q, made.h,
                          saved ? &made.attention_norm : nullptr);

  const Tensor expanded = context.allocate(shape);
  feed_forward_.forward(context, made.h, expanded, saved ? &made.feed_forward : nullptr);
  output_norm_.forward(context, expanded, made.h, y, saved ? &made.output_norm : nullptr);
  if (saved != nullptr) *saved = made;
}

void EncoderLayer::backward(Context& context, const BertInput& input, const Tensor& dy,
                            OutputRows rows, const Saved& saved, const Tensor& dx) {
  const Arena::Scope temporaries(context.arena);
  // Each AddNorm leaves the residual's gradient where dy was; what flows through the block is added
  // to it there.
  const Tensor dblock = context.allocate(dy.shape());
  output_norm_.backward(context, dy, saved.output_norm, dblock);
  feed_forward_.backward(context, saved.h, dblock, saved.feed_forward, dy);

  attention_norm_.backward(context, dy, saved.attention_norm, dblock);
  attention_output_.backward_parameters(context, dblock, saved.attention.context);
  const Tensor dheads = context.allocate(dy.shape());
  attention_output_.backward_input(context, dblock, dheads);
  const AttentionSpan span = span_of(input, rows);
  if (rows == OutputRows::kAllTokens) {
    attention_.backward(context, saved.x, span, dheads, saved.attention, dy);
    return;
  }
  attention_.backward(context, saved.x, saved.x_q, span, dheads, saved.attention, dx, dy);
  context.kernels.scatter_add_rows({.x = dy.numbers(),
                                    .indices = input.offsets,
                                    .y = dx.numbers(),
                                    .rows = dy.rows(),
                                    .columns = dy.columns()},
                                   context.stream);
}

}  // namespace lathe
