// One layer of BERT's encoder.
//   h = LayerNorm(x + dropout(attention(x) Woᵀ + bo))
//   y = LayerNorm(h + dropout(feed_forward(h)))
// It can be asked for the first token of each sequence alone: then everything but what attention
// asks of every token is computed for one row a sequence.
#pragma once

#include <string>

#include "nn/add_norm.h"
#include "nn/bert_input.h"
#include "nn/config.h"
#include "nn/feed_forward.h"
#include "nn/linear.h"
#include "nn/self_attention.h"
#include "tensor/context.h"

namespace lathe {

enum class OutputRows { kAllTokens, kFirstTokens };

class EncoderLayer {
 public:
  // Parameters bert.encoder.layer.INDEX.*. Uses the dropout sites first_site … first_site + 2.
  EncoderLayer(ParameterStore& parameters, int64_t index, const BertConfig& config,
               uint32_t first_site);
  static constexpr uint32_t kDropoutSites = 3;

  struct Saved {
    Tensor x;    // [tokens, hidden]: the layer's input
    Tensor x_q;  // [rows, hidden]: its rows that the output is asked for
    Tensor h;    // [rows, hidden]
    SelfAttention::Saved attention;
    AddNorm::Saved attention_norm;
    FeedForward::Saved feed_forward;
    AddNorm::Saved output_norm;
  };

  // x: [tokens, hidden]; y: [rows, hidden], rows being tokens or sequences as `rows` says.
  void forward(Context& context, const BertInput& input, const Tensor& x, OutputRows rows,
               const Tensor& y, Saved* saved) const;
  // dy: [rows, hidden], overwritten. dx: [tokens, hidden], assigned: dy's own memory where all
  // tokens were asked for, memory apart from it where the first tokens were.
  void backward(Context& context, const BertInput& input, const Tensor& dy, OutputRows rows,
                const Saved& saved, const Tensor& dx);

 private:
  SelfAttention attention_;
  Linear attention_output_;
  AddNorm attention_norm_;
  FeedForward feed_forward_;
  AddNorm output_norm_;
};

}  // namespace lathe
