// The end of each half of an encoder layer: dropout, residual connection, layer normalisation.
//   y = LayerNorm(residual + dropout(x))
#pragma once

#include <string>

#include "nn/config.h"
#include "nn/parameter.h"
#include "tensor/context.h"

namespace lathe {

class AddNorm {
 public:
  // Parameters PREFIX.LayerNorm.weight and PREFIX.LayerNorm.bias, [hidden].
  AddNorm(ParameterStore& parameters, const std::string& prefix, const BertConfig& config,
          uint32_t dropout_site);

  struct Saved {
    Tensor sum, mean, rstd;  // [rows, hidden], [rows], [rows]
  };

  // x, residual, y: [rows, hidden]. In training x's memory becomes saved->sum.
  void forward(Context& context, const Tensor& x, const Tensor& residual, const Tensor& y,
               Saved* saved) const;
  // dy becomes the gradient of residual in place; dx is that of x.
  void backward(Context& context, const Tensor& dy, const Saved& saved, const Tensor& dx);

 private:
  Parameter &gamma_, &beta_;
  float eps_;
  float dropout_;
  uint32_t dropout_site_;
};

}  // namespace lathe
