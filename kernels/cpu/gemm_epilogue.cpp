#include "kernels/cpu/gemm_epilogue.h"

#include "kernels/cpu/vector_math.h"

namespace lathe::cpu::LATHE_ISA {
namespace {

// The result of the product that belongs at c[offset], in column `column`, and the lanes - 1 after
// it.
template <Epilogue kEpilogue>
Vec finish(const GemmArgs& args, Vec product, int64_t offset, int64_t column, int64_t lanes) {
  if constexpr (kEpilogue == Epilogue::kGeluBackward) {
    return product * load(args.saved + offset, lanes);
  }
  const Vec x = product + load(args.bias + column, lanes);
  if constexpr (kEpilogue == Epilogue::kBiasTanh) return hyperbolic_tangent(x);
  if constexpr (kEpilogue == Epilogue::kBiasGelu) {
    const Gelu y = gelu(x);
    if (args.saved != nullptr) store(args.saved + offset, y.derivative, lanes);
    return y.value;
  }
  return x;
}

template <Epilogue kEpilogue>
void finish_tile(const GemmArgs& args, int64_t row, int64_t rows, int64_t column, int64_t columns) {
  for (int64_t i = row; i < row + rows; ++i) {
    for (int64_t j = column; j < column + columns; j += kWidth) {
      const int64_t lanes = minimum(kWidth, column + columns - j);
      const int64_t offset = i * args.ldc + j;
      const Vec product = load(args.c + offset, lanes);
      store(args.c + offset, finish<kEpilogue>(args, product, offset, j, lanes), lanes);
    }
  }
}

}  // namespace

void apply_epilogue(const GemmArgs& args, int64_t row, int64_t rows, int64_t column,
                    int64_t columns) {
  switch (args.epilogue) {
    case Epilogue::kNone:
      return;
    case Epilogue::kBias:
      return finish_tile<Epilogue::kBias>(args, row, rows, column, columns);
    case Epilogue::kBiasTanh:
      return finish_tile<Epilogue::kBiasTanh>(args, row, rows, column, columns);
    case Epilogue::kBiasGelu:
      return finish_tile<Epilogue::kBiasGelu>(args, row, rows, column, columns);
    case Epilogue::kGeluBackward:
      return finish_tile<Epilogue::kGeluBackward>(args, row, rows, column, columns);
  }
}

}  // namespace lathe::cpu::LATHE_ISA
