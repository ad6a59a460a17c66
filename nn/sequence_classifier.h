// BERT with a classification head on its first token: BertForSequenceClassification.
//   pooled = tanh(x_[CLS] Wpᵀ + bp),  logits = dropout(pooled) Wcᵀ + bc
// Only the first token of each sequence is read, so the last encoder layer computes little for the
// others (encoder_layer.h). The head computes with floats, whatever the encoder's activations are:
// it has one row a sequence.
#pragma once

#include <optional>

#include "nn/bert.h"
#include "nn/bert_input.h"
#include "nn/config.h"
#include "nn/linear.h"
#include "nn/parameter.h"
#include "tensor/context.h"

namespace lathe {

class BertForSequenceClassification {
 public:
  // Parameters are allocated and zero: load_pretrained() or initialize() fills them.
  explicit BertForSequenceClassification(BertConfig config);

  struct Saved {
    Bert::Saved bert;
    Tensor first;    // [sequences, hidden], floats: the encoder's output at the first token
    Tensor pooled;   // [sequences, hidden], after tanh
    Tensor dropped;  // [sequences, hidden]: dropout(pooled)
  };

  // Logits [sequences, num_labels], from the arena. saved == nullptr: inference, no dropout.
  Tensor forward(Context& context, const BertInput& input, Saved* saved) const;
  // Adds to every parameter's gradient. dlogits: [sequences, num_labels]. `on_final` hears on the
  // way which gradients are done; when this returns, all are.
  void backward(Context& context, const BertInput& input, const Tensor& dlogits, const Saved& saved,
                const GradientsFinal& on_final = {});

  // Bytes of arena that a batch of that many tokens and sequences takes, its losses included: for a
  // training step (forward, sequence_loss with dlogits, backward) or for a forward pass with its
  // losses. Smaller batches take less.
  int64_t activation_bytes(int64_t tokens, int64_t sequences, bool training,
                           Precision precision = Precision::kF32);

  const BertConfig& config() const { return config_; }
  ParameterStore& parameters() { return parameters_; }
  const ParameterStore& parameters() const { return parameters_; }

 private:
  Dropout head_dropout(const Context& context) const;

  BertConfig config_;
  ParameterStore parameters_;
  Bert bert_;
  Linear pooler_;
  Linear classifier_;
};

}  // namespace lathe
