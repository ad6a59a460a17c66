#include "kernels/cpu/gemm_epilogue.h"

#include "kernels/cpu/numbers.h"
#include "kernels/cpu/vector_math.h"

namespace lathe::cpu::LATHE_ISA {
namespace {

// What belongs at c[offset], in column `column`, and in the lanes - 1 columns after it.
template <Epilogue kEpilogue, class Number>
Vec finish(const GemmArgs& args, Vec product, int64_t offset, int64_t column, int64_t lanes) {
  if constexpr (kEpilogue == Epilogue::kNone) return product;
  if constexpr (kEpilogue == Epilogue::kGeluBackward) {
    return product * load(as<Number>(args.saved) + offset, lanes);
  }
  const Vec x = product + load(as<Number>(args.bias) + column, lanes);
  if constexpr (kEpilogue == Epilogue::kBiasTanh) return hyperbolic_tangent(x);
  if constexpr (kEpilogue == Epilogue::kBiasGelu) {
    const Gelu y = gelu(x);
    if (args.saved.data != nullptr) store(as<Number>(args.saved) + offset, y.derivative, lanes);
    return y.value;
  }
  return x;
}

template <Epilogue kEpilogue, class Number>
void finish_tile(const GemmArgs& args, const SummedTile& tile) {
  Number* const c = as<Number>(args.c);
  for (int64_t i = 0; i < tile.rows; ++i) {
    for (int64_t j = 0; j < tile.columns; j += kWidth) {
      const int64_t lanes = minimum(kWidth, tile.columns - j), column = tile.column + j;
      const int64_t offset = (tile.row + i) * args.ldc + column;
      const Vec product = load(tile.sums + i * tile.ld + j, lanes);
      store(c + offset, finish<kEpilogue, Number>(args, product, offset, column, lanes), lanes);
    }
  }
}

void add_tile(const GemmArgs& args, const SummedTile& tile) {
  for (int64_t i = 0; i < tile.rows; ++i) {
    Bfloat16* const c = as<Bfloat16>(args.c) + (tile.row + i) * args.ldc + tile.column;
    for (int64_t j = 0; j < tile.columns; j += kWidth) {
      const int64_t lanes = tile.columns - j;
      store(c + j, load(c + j, lanes) + load(tile.sums + i * tile.ld + j, lanes), lanes);
    }
  }
}

template <class Number>
void finish_all(const GemmArgs& args, const SummedTile& tile) {
  switch (args.epilogue) {
    case Epilogue::kNone:
      // Of floats the sums are the result already, and what they are added to is part of them.
      if constexpr (kIsFloat<Number>) return;
      if (args.accumulate) return add_tile(args, tile);
      return finish_tile<Epilogue::kNone, Number>(args, tile);
    case Epilogue::kBias:
      return finish_tile<Epilogue::kBias, Number>(args, tile);
    case Epilogue::kBiasTanh:
      return finish_tile<Epilogue::kBiasTanh, Number>(args, tile);
    case Epilogue::kBiasGelu:
      return finish_tile<Epilogue::kBiasGelu, Number>(args, tile);
    case Epilogue::kGeluBackward:
      return finish_tile<Epilogue::kGeluBackward, Number>(args, tile);
  }
}

}  // namespace

void apply_epilogue(const GemmArgs& args, const SummedTile& tile) {
  with_number(args.c.precision, [&](auto number) { finish_all<decltype(number)>(args, tile); });
}

}  // namespace lathe::cpu::LATHE_ISA
