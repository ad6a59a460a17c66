// BERT's encoder (Devlin et al. 2019): embeddings, then a stack of encoder layers.
#pragma once

#include <vector>

#include "nn/bert_input.h"
#include "nn/embeddings.h"
#include "nn/encoder_layer.h"

namespace lathe {

class Bert {
 public:
  Bert(ParameterStore& parameters, const BertConfig& config);

  struct Saved {
    Embeddings::Saved embeddings;
    std::vector<EncoderLayer::Saved> layers;
  };

  // The first dropout site that is free for a head.
  uint32_t first_free_dropout_site() const;

  // y [rows, hidden] = the last layer's output at the rows asked for.
  void forward(Context& context, const BertInput& input, OutputRows rows, const Tensor& y,
               Saved* saved) const;
  // Overwrites dy [rows, hidden]. Tells `on_final` after each layer; that the embeddings are done,
  // its return tells.
  void backward(Context& context, const BertInput& input, const Tensor& dy, OutputRows rows,
                const Saved& saved, const GradientsFinal& on_final);

 private:
  Embeddings embeddings_;
  std::vector<EncoderLayer> layers_;
  std::vector<std::size_t> first_parameters_;  // of each layer
  int64_t hidden_;
};

}  // namespace lathe
