#include <cmath>
#include <numbers>

#include "kernels/bfloat16.h"
#include "kernels/reference/numbers.h"
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
  return at(args.a, args.transpose_a ? l * args.lda + i : i * args.lda + l);
}

double element_b(const GemmArgs& args, int64_t l, int64_t j) {
  return at(args.b, args.transpose_b ? j * args.ldb + l : l * args.ldb + j);
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
      return product + at(args.bias, j);
    case Epilogue::kBiasGelu: {
      const double x = product + at(args.bias, j);
      if (args.saved != nullptr) put(args.saved, i * args.ldc + j, gelu_derivative(x));
      return gelu(x);
    }
    case Epilogue::kBiasTanh:
      return std::tanh(product + at(args.bias, j));
    case Epilogue::kGeluBackward:
      return product * at(args.saved, i * args.ldc + j);
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
      const int64_t to = i * args.ldc + j;
      put(args.c, to,
          args.accumulate ? at(args.c, to) + product : apply_epilogue(args, product, i, j));
    }
    if (args.a_row_sum != nullptr) {
      double sum = args.a_row_sum[i];
      for (int64_t l = 0; l < args.k; ++l) sum += element_a(args, i, l);
      args.a_row_sum[i] = static_cast<float>(sum);
    }
  }
}

}  // namespace lathe::reference
