// The loss of one batch and the gradient of its logits.
#pragma once

#include "nn/config.h"
#include "tensor/context.h"
#include "train/batches.h"

namespace lathe {

struct BatchLoss {  // the tensors are the arena's
  Tensor losses;    // [sequences]
  Tensor dlogits;   // the gradient of grad_scale · Σ losses; no memory when grad_scale was 0
  double sum;       // Σ losses, in the order of the batch
};

// The loss of logits [sequences, num_labels]. A mean over the examples of one batch has grad_scale
// = 1 / batch.size(), a mean over several micro-batches 1 / their examples together; 0 computes the
// loss alone.
BatchLoss batch_loss(Context& context, ProblemType type, const Tensor& logits, const Batch& batch,
                     double grad_scale);

}  // namespace lathe
