#include "kernels/cpu/gemm_epilogue.h"

#include "kernels/cpu/vector_math.h"

namespace lathe::cpu::LATHE_ISA {
namespace {

Vec finish(const GemmArgs& args, Vec product, int64_t column, float* saved, int64_t lanes) {
  switch (args.epilogue) {
    case Epilogue::kNone:
      return product;
    case Epilogue::kBias:
      return product + load(args.bias + column, lanes);
    case Epilogue::kBiasTanh:
      return hyperbolic_tangent(product + load(args.bias + column, lanes));
    case Epilogue::kBiasGelu: {
      const Vec x = product + load(args.bias + column, lanes);
      if (saved != nullptr) store(saved, x, lanes);
      return gelu(x);
    }
    case Epilogue::kGeluBackward:
      return product * gelu_derivative(load(saved, lanes));
  }
  return product;
}

}  // namespace

void apply_epilogue(const GemmArgs& args, int64_t row, int64_t rows, int64_t column,
                    int64_t columns) {
  for (int64_t i = row; i < row + rows; ++i) {
    for (int64_t j = column; j < column + columns; j += kWidth) {
      const int64_t lanes = minimum(kWidth, column + columns - j);
      float* c = args.c + i * args.ldc + j;
      float* saved = args.saved == nullptr ? nullptr : args.saved + i * args.ldc + j;
      store(c, finish(args, load(c, lanes), j, saved, lanes), lanes);
    }
  }
}

}  // namespace lathe::cpu::LATHE_ISA
