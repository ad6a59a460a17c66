#include "train/batch_loss.h"

#include <numeric>

#include "nn/loss.h"

namespace lathe {

BatchLoss batch_loss(Context& context, ProblemType type, const Tensor& logits, const Batch& batch,
                     double grad_scale) {
  BatchLoss result{context.arena.f32({batch.size()}), {}, 0.0};
  if (grad_scale != 0.0) result.dlogits = context.arena.f32(logits.shape());
  sequence_loss(context, type, logits, batch.targets(), result.losses, result.dlogits,
                static_cast<float>(grad_scale));
  const float* losses = result.losses.f32();
  result.sum = std::accumulate(losses, losses + batch.size(), 0.0);
  return result;
}

}  // namespace lathe
