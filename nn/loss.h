// The three losses of sequence classification, chosen by the problem type as Transformers does.
#pragma once

#include <cstdint>

#include "nn/config.h"
#include "tensor/context.h"
#include "tensor/tensor.h"

namespace lathe {

struct LossTargets {
  const int32_t* classes = nullptr;  // [sequences], single label
  const float* values = nullptr;     // [sequences, num_labels], multi label and regression
};

// losses[i] [sequences] = the loss of sequence i; the batch's loss is their mean.
// dlogits, when it has memory, = the gradient of grad_scale · Σ losses (grad_scale = 1 / examples
// for a mean over as many examples, which may span several micro-batches). It may be logits itself.
void sequence_loss(Context& context, ProblemType type, const Tensor& logits,
                   const LossTargets& targets, const Tensor& losses, const Tensor& dlogits,
                   float grad_scale);

}  // namespace lathe
