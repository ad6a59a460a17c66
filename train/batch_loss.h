// The losses of one batch and the gradient of its logits.
#pragma once

#include "nn/config.h"
#include "nn/loss.h"
#include "tensor/context.h"

namespace lathe {

struct BatchLoss {  // the tensors are the arena's
  Tensor losses;    // [sequences]
  Tensor dlogits;   // the gradient of grad_scale · Σ losses; no memory when grad_scale was 0
};

// The loss of logits [sequences, num_labels]. A mean over the examples of one batch has grad_scale
// = 1 / sequences, a mean over several micro-batches 1 / their examples together; 0 computes the
// loss alone.
BatchLoss batch_loss(Context& context, ProblemType type, const Tensor& logits,
                     const LossTargets& targets, double grad_scale);

}  // namespace lathe
