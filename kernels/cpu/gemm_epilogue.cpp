#include "kernels/cpu/gemm_epilogue.h"

#include "kernels/cpu/vector_math.h"

namespace lathe::cpu::LATHE_ISA {
namespace {

// The result of the product that belongs at c[offset], in column `column`, and the lanes - 1 after
// it.
Vec finish(const GemmArgs& args, Vec product, int64_t offset, int64_t column, int64_t lanes) {
  switch (args.epilogue) {
    case Epilogue::kNone:
      return product;
    case Epilogue::kBias:
      return product + load(args.bias + column, lanes);
    case Epilogue::kBiasTanh:
      return hyperbolic_tangent(product + load(args.bias + column, lanes));
    case Epilogue::kBiasGelu: {
      const Vec x = product + load(args.bias + column, lanes);
      if (args.saved != nullptr) store(args.saved + offset, x, lanes);
      return gelu(x);
    }
    case Epilogue::kGeluBackward:
      return product * gelu_derivative(load(args.saved + offset, lanes));
  }
  return product;
}

}  // namespace

void apply_epilogue(const GemmArgs& args, int64_t row, int64_t rows, int64_t column,
                    int64_t columns) {
  for (int64_t i = row; i < row + rows; ++i) {
    for (int64_t j = column; j < column + columns; j += kWidth) {
      const int64_t lanes = minimum(kWidth, column + columns - j);
      const int64_t offset = i * args.ldc + j;
      const Vec product = load(args.c + offset, lanes);
      store(args.c + offset, finish(args, product, offset, j, lanes), lanes);
    }
  }
}

}  // namespace lathe::cpu::LATHE_ISA
