#include <cmath>
#include <numbers>

#include "kernels/bfloat16.h"
#include "kernels/reference/ops.h"

namespace lathe::reference {

namespace {

double normal_cdf(double x) { return 0.5 * std::erfc(-x * std::numbers::sqrt2 / 2); }

double normal_density(double x) {
  return std::exp(-0.5 * x * x) * std::numbers::inv_sqrtpi * std::numbers::sqrt2 / 2;
}

double gelu(double x) { return x * normal_cdf(x); }
double gelu_derivative(double x) { return normal_cdf(x) + x * normal_density(x); }

double element_a(const GemmArgs& args, int64_t i, int64_t l) {
  return args.transpose_a ? args.a[l * args.lda + i] : args.a[i * args.lda + l];
}

double element_b(const GemmArgs& args, int64_t l, int64_t j) {
  return args.transpose_b ? args.b[j * args.ldb + l] : args.b[l * args.ldb + j];
}

double operand(const GemmArgs& args, double element) {
  if (args.precision == Precision::kF32) return element;
  return rounded_to_bfloat16(static_cast<float>(element));
}

double apply_epilogue(const GemmArgs& args, double product, int64_t i, int64_t j) {
  switch (args.epilogue) {
    case Epilogue::kNone:
      return product;
    case Epilogue::kBias:
      return product + args.bias[j];
    case Epilogue::kBiasGelu: {
      const double x = product + args.bias[j];
      if (args.saved != nullptr) args.saved[i * args.ldc + j] = static_cast<float>(x);
      return gelu(x);
    }
    case Epilogue::kBiasTanh:
      return std::tanh(product + args.bias[j]);
    case Epilogue::kGeluBackward:
      return product * gelu_derivative(args.saved[i * args.ldc + j]);
  }
  return product;
}

}  // namespace

void gemm(const GemmArgs& args, Stream) {
  for (int64_t i = 0; i < args.m; ++i) {
    for (int64_t j = 0; j < args.n; ++j) {
      double product = 0;
      for (int64_t l = 0; l < args.k; ++l) {
        product += operand(args, element_a(args, i, l)) * operand(args, element_b(args, l, j));
      }
      float& c = args.c[i * args.ldc + j];
      c = static_cast<float>(args.accumulate ? c + product : apply_epilogue(args, product, i, j));
    }
    if (args.a_row_sum != nullptr) {
      double sum = args.a_row_sum[i];
      for (int64_t l = 0; l < args.k; ++l) sum += element_a(args, i, l);
      args.a_row_sum[i] = static_cast<float>(sum);
    }
  }
}

}  // namespace lathe::reference
