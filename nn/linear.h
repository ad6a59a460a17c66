// A linear layer, or several of equal inputs side by side (query, key and value) computed as one.
//   y = x Wᵀ + b,   dx = dy W,   dW += dyᵀ x,   db += Σ_rows dy
// W: [outputs, inputs], as PyTorch stores it.
#pragma once

#include <string>
#include <vector>

#include "nn/parameter.h"
#include "tensor/context.h"

namespace lathe {

class Linear {
 public:
  // One layer per prefix, each [outputs, inputs]: parameters PREFIX.weight and PREFIX.bias.
  Linear(ParameterStore& parameters, const std::vector<std::string>& prefixes, int64_t inputs,
         int64_t outputs);

  // The layers first … first + count - 1 of this one, as a layer over the same parameters.
  Linear slice(std::size_t first, std::size_t count) const;

  // y [rows, outputs] = epilogue(x [rows, inputs] Wᵀ + b). kBiasGelu leaves gelu' in `saved`
  // when it has memory.
  void forward(Context& context, const Tensor& x, const Tensor& y,
               Epilogue epilogue = Epilogue::kBias, const Tensor& saved = {}) const;

  // dx = dy W.
  void backward_input(Context& context, const Tensor& dy, const Tensor& dx) const;
  // dx += dy W: where x also went around the layer, through a residual connection.
  void backward_input_add(Context& context, const Tensor& dy, const Tensor& dx) const;
  // dx = (dy W) ⊙ saved, of kBiasGelu: the gradient of what x is the gelu of.
  void backward_input_gelu(Context& context, const Tensor& dy, const Tensor& saved,
                           const Tensor& dx) const;

  // dW += dyᵀ x, db += Σ_rows dy.
  void backward_parameters(Context& context, const Tensor& dy, const Tensor& x);

  const ParameterGroup& weight() const { return weight_; }
  const ParameterGroup& bias() const { return bias_; }
  int64_t inputs() const { return inputs_; }
  int64_t outputs() const { return outputs_; }

 private:
  Linear(ParameterGroup weight, ParameterGroup bias, int64_t inputs, int64_t outputs)
      : weight_(std::move(weight)), bias_(std::move(bias)), inputs_(inputs), outputs_(outputs) {}
  GemmArgs input_gradient(const Context& context, const Tensor& dy, const Tensor& dx) const;

  ParameterGroup weight_;  // [outputs, inputs]
  ParameterGroup bias_;    // [outputs]
  int64_t inputs_;
  int64_t outputs_;
};

}  // namespace lathe
