#include "train/batch_loss.h"

namespace lathe {

BatchLoss batch_loss(Context& context, ProblemType type, const Tensor& logits,
                     const LossTargets& targets, double grad_scale) {
  BatchLoss result{context.arena.f32({logits.rows()}), {}};
  if (grad_scale != 0.0) result.dlogits = context.arena.f32(logits.shape());
  sequence_loss(context, type, logits, targets, result.losses, result.dlogits,
                static_cast<float>(grad_scale));
  return result;
}

}  // namespace lathe
