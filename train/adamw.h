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
  // The parameters must have their gradients allocated, stay where they are and outlive the
  // optimizer. The moments start at zero.
  AdamW(ParameterStore& parameters, const AdamWOptions& options);

  // One update, of gradients that are brought to max_grad_norm where they are longer (0: never), as
  // torch.nn.utils.clip_grad_norm_ does; then every gradient is zero. When the norm is not finite,
  // the parameters and gradients stay what they are.
  void step(const Context& context, double learning_rate, double max_grad_norm = 0.0);
  // The same in two parts, so that work which is captured once can be repeated: begin_step() counts
  // the update and gives its numbers; update() asks for it, with the numbers that `step`, in memory
  // of the device, holds when it is done.
  AdamWStep begin_step(double learning_rate);
  void update(const Context& context, const AdamWStep* step, double max_grad_norm = 0.0) const;

  // The square of the Euclidean norm of all gradients together, before clipping, as the last step
  // found it: in memory of the device. NaN or infinite when any gradient is.
  const double* squared_gradient_norm() const;
  // The norm itself. Waits for the device.
  double gradient_norm() const;

  int64_t steps() const { return steps_; }
  Device& device() const { return parameters_.device(); }

  // The state that a checkpoint keeps. Moments are views of the device's memory: in the order of
  // the parameters, each of its parameter's shape.
  struct Moments {
    const Parameter* parameter;
    Tensor first, second;  // m, v
  };
  const std::vector<Moments>& moments() const { return moments_; }
  // To be called when the moments have been written through moments(): `steps` updates have been
  // made, and rows of lookup tables whose moments are not zero count as touched.
  void restore(int64_t steps);

 private:
  void ask(const Context& context, const AdamWStep& step, const AdamWStep* step_at,
           double max_grad_norm) const;

  ParameterStore& parameters_;
  AdamWOptions options_;
  bool rounds_;  // keeps up the rounded values too
  Buffer memory_, slices_, squared_norm_;
  int64_t slice_count_ = 0, chunks_ = 0;
  std::vector<Moments> moments_;
  int64_t steps_ = 0;
};

// The name of the first parameter whose gradient holds a NaN or an infinity; empty when there is
// none.
std::string first_non_finite_gradient(const ParameterStore& parameters);

}  // namespace lathe
