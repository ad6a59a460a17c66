// The position-wise half of an encoder layer: y = gelu(x W1ᵀ + b1) W2ᵀ + b2.
#pragma once

#include <string>

#include "nn/config.h"
#include "nn/linear.h"
#include "tensor/context.h"

namespace lathe {

class FeedForward {
 public:
  // Parameters PREFIX.intermediate.dense.* and PREFIX.output.dense.*.
  FeedForward(ParameterStore& parameters, const std::string& prefix, const BertConfig& config);

  struct Saved {
    Tensor inner;  // [rows, intermediate]: gelu(x W1ᵀ + b1)
    Tensor slope;  // [rows, intermediate]: gelu'(x W1ᵀ + b1)
  };

  // x, y: [rows, hidden].
  void forward(Context& context, const Tensor& x, const Tensor& y, Saved* saved) const;
  // dx += the gradient of x.
  void backward(Context& context, const Tensor& x, const Tensor& dy, const Saved& saved,
                const Tensor& dx);

 private:
  Linear expand_;
  Linear contract_;
};

}  // namespace lathe
