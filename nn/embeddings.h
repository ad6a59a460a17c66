// BERT's input: word, position and token type embeddings, added, normalised, dropped out.
//   y = dropout(LayerNorm(word[id] + position[p] + type[t]))
#pragma once

#include "nn/bert_input.h"
#include "nn/config.h"
#include "nn/parameter.h"
#include "tensor/context.h"

namespace lathe {

class Embeddings {
 public:
  Embeddings(ParameterStore& parameters, const BertConfig& config, uint32_t dropout_site);

  struct Saved {
    Tensor sum, mean, rstd;  // [tokens, hidden], [tokens], [tokens]
  };

  // y: [tokens, hidden].
  void forward(Context& context, const BertInput& input, const Tensor& y, Saved* saved) const;
  // Adds to the tables' gradients. Overwrites dy.
  void backward(Context& context, const BertInput& input, const Tensor& dy, const Saved& saved);

 private:
  Parameter &word_, &position_, &type_, &gamma_, &beta_;
  float eps_;
  float dropout_;
  uint32_t dropout_site_;
  int64_t padding_id_;
};

}  // namespace lathe
