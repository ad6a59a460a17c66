#include "nn/linear.h"

namespace lathe {

namespace {

std::vector<std::string> with_suffix(const std::vector<std::string>& prefixes, const char* suffix) {
  std::vector<std::string> names;
  names.reserve(prefixes.size());
  for (const std::string& prefix : prefixes) names.push_back(prefix + suffix);
  return names;
}

// The parameters as floats or bfloat16s, as x is.
ConstNumbers of_precision(const ParameterGroup& group, const Tensor& x) {
  return (x.dtype() == DType::kBF16 ? group.rounded() : group.value()).numbers();
}

}  // namespace

Linear::Linear(ParameterStore& parameters, const std::vector<std::string>& prefixes, int64_t inputs,
               int64_t outputs)
    : weight_(parameters.add_group(with_suffix(prefixes, ".weight"), {outputs, inputs},
                                   Initializer::kNormal)),
      bias_(parameters.add_group(with_suffix(prefixes, ".bias"), {outputs}, Initializer::kZeros)),
      inputs_(inputs),
      outputs_(outputs * static_cast<int64_t>(prefixes.size())) {}

Linear Linear::slice(std::size_t first, std::size_t count) const {
  const int64_t outputs_each = outputs_ / static_cast<int64_t>(weight_.size());
  return Linear(weight_.slice(first, count), bias_.slice(first, count), inputs_,
                outputs_each * static_cast<int64_t>(count));
}

void Linear::forward(Context& context, const Tensor& x, const Tensor& y, Epilogue epilogue,
                     const Tensor& saved) const {
  context.kernels.gemm({.m = x.rows(),
                        .n = outputs_,
                        .k = inputs_,
                        .a = x.numbers(),
                        .lda = x.row_stride(),
                        .b = of_precision(weight_, x),
                        .ldb = inputs_,
                        .transpose_b = true,
                        .c = y.numbers(),
                        .ldc = y.row_stride(),
                        .epilogue = epilogue,
                        .bias = of_precision(bias_, x),
                        .saved = saved.numbers(),
                        .precision = context.precision},
                       context.stream);
}

GemmArgs Linear::input_gradient(const Context& context, const Tensor& dy, const Tensor& dx) const {
  return {.m = dy.rows(),
          .n = inputs_,
          .k = outputs_,
          .a = dy.numbers(),
          .lda = dy.row_stride(),
          .b = of_precision(weight_, dy),
          .ldb = inputs_,
          .c = dx.numbers(),
          .ldc = dx.row_stride(),
          .precision = context.precision};
}

void Linear::backward_input(Context& context, const Tensor& dy, const Tensor& dx) const {
  context.kernels.gemm(input_gradient(context, dy, dx), context.stream);
}

void Linear::backward_input_add(Context& context, const Tensor& dy, const Tensor& dx) const {
  GemmArgs args = input_gradient(context, dy, dx);
  args.accumulate = true;
  context.kernels.gemm(args, context.stream);
}

void Linear::backward_input_gelu(Context& context, const Tensor& dy, const Tensor& saved,
                                 const Tensor& dx) const {
  GemmArgs args = input_gradient(context, dy, dx);
  args.epilogue = Epilogue::kGeluBackward;
  args.saved = saved.numbers();
  context.kernels.gemm(args, context.stream);
}

void Linear::backward_parameters(Context& context, const Tensor& dy, const Tensor& x) {
  context.kernels.gemm({.m = outputs_,
                        .n = inputs_,
                        .k = dy.rows(),
                        .a = dy.numbers(),
                        .lda = dy.row_stride(),
                        .transpose_a = true,
                        .b = x.numbers(),
                        .ldb = x.row_stride(),
                        .c = weight_.gradient().f32(),
                        .ldc = inputs_,
                        .accumulate = true,
                        .a_row_sum = bias_.gradient().f32(),
                        .precision = context.precision},
                       context.stream);
}

}  // namespace lathe
