// AdamW (Loshchilov & Hutter 2019, "Decoupled Weight Decay Regularization") over the parameters of
// a model, as torch.optim.AdamW updates them. The arithmetic is the kernel's (AdamWArgs in
// kernels/kernels.h).
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "kernels/kernels.h"
#include "nn/parameter.h"
#include "tensor/buffer.h"
#include "tensor/context.h"

namespace lathe {

struct AdamWOptions {
  double beta1 = 0.9;
  double beta2 = 0.999;
  double epsilon = 1e-8;
  double weight_decay = 0.0;  // of every parameter but biases and LayerNorm
};

// Whether weight decay pulls on that parameter: not on biases and not on LayerNorm, as Transformers
// decides.
bool has_weight_decay(const std::string& parameter_name);

class AdamW {
 public:
  // The parameters must have their gradients allocated and outlive the optimizer. The moments start
  // at zero.
  AdamW(ParameterStore& parameters, const AdamWOptions& options);

  // The Euclidean norm of all gradients together. NaN or infinite when any gradient is.
  double gradient_norm(const Context& context) const;
  // One update with gradients times grad_scale (the clipping factor); then every gradient is zero.
  void step(const Context& context, double learning_rate, double grad_scale = 1.0);

  int64_t steps() const { return steps_; }

  // The state that a checkpoint keeps. Moments are views: in the order of the parameters, each of
  // its parameter's shape.
  struct Moments {
    const Parameter* parameter;
    Tensor first, second;  // m, v
  };
  const std::vector<Moments>& moments() const { return moments_; }
  // To be called when the moments have been written through moments(): `steps` updates have been
  // made, and rows of lookup tables whose moments are not zero count as touched.
  void restore(int64_t steps);

 private:
  ParameterStore& parameters_;
  AdamWOptions options_;
  Buffer memory_;
  std::vector<Moments> moments_;
  std::vector<ParameterSlice> slices_;
  int64_t steps_ = 0;
};

// The factor that brings a gradient of that norm to max_norm where it is longer:
// torch.nn.utils.clip_grad_norm_'s min(1, max_norm / (norm + 1e-6)). A max_norm of 0 clips nothing.
double clip_factor(double norm, double max_norm);

// The name of the first parameter whose gradient holds a NaN or an infinity; empty when there is
// none.
std::string first_non_finite_gradient(const ParameterStore& parameters);

}  // namespace lathe
