#include "nn/loss.h"

namespace lathe {

void sequence_loss(Context& context, ProblemType type, const Tensor& logits,
                   const LossTargets& targets, const Tensor& losses, const Tensor& dlogits,
                   float grad_scale) {
  switch (type) {
    case ProblemType::kSingleLabel:
      context.kernels.cross_entropy({.rows = logits.rows(),
                                     .classes = logits.columns(),
                                     .logits = logits.f32(),
                                     .labels = targets.classes,
                                     .loss = losses.f32(),
                                     .dlogits = dlogits.f32(),
                                     .grad_scale = grad_scale},
                                    context.stream);
      break;
    case ProblemType::kMultiLabel:
      context.kernels.binary_cross_entropy({.rows = logits.rows(),
                                            .columns = logits.columns(),
                                            .logits = logits.f32(),
                                            .targets = targets.values,
                                            .loss = losses.f32(),
                                            .dlogits = dlogits.f32(),
                                            .grad_scale = grad_scale},
                                           context.stream);
      break;
    case ProblemType::kRegression:
      context.kernels.squared_error({.rows = logits.rows(),
                                     .columns = logits.columns(),
                                     .predictions = logits.f32(),
                                     .targets = targets.values,
                                     .loss = losses.f32(),
                                     .dpredictions = dlogits.f32(),
                                     .grad_scale = grad_scale},
                                    context.stream);
      break;
  }
}

}  // namespace lathe
