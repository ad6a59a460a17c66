#include "kernels/cpu/gemm_epilogue.h"

#include "kernels/cpu/numbers.h"
#include "kernels/cpu/vector_math.h"

namespace lathe::cpu::LATHE_ISA {
namespace {

// What becomes of products in one column and the lanes - 1 after it, all rows alike.
template <Epilogue kEpilogue, class Number>
class Column {
 public:
  Column(const GemmArgs& args, int64_t column, int64_t lanes)
      : saved_(as<Number>(args.saved)), lanes_(lanes) {
    if constexpr (kEpilogue != Epilogue::kNone && kEpilogue != Epilogue::kGeluBackward)
      bias_ = load(as<Number>(args.bias) + column, lanes);
  }

  // What belongs at c[offset].
  Vec finish(Vec product, int64_t offset) const {
    if constexpr (kEpilogue == Epilogue::kNone) return product;
    if constexpr (kEpilogue == Epilogue::kGeluBackward)
      return product * load(saved_ + offset, lanes_);
    const Vec x = product + bias_;
    if constexpr (kEpilogue == Epilogue::kBiasTanh) return hyperbolic_tangent(x);
    if constexpr (kEpilogue == Epilogue::kBiasGelu) {
      const Gelu y = gelu(x);
      if (saved_ != nullptr) store(saved_ + offset, y.derivative, lanes_);
      return y.value;
    }
    return x;
  }

 private:
  Number* saved_;
  int64_t lanes_;
  Vec bias_ = {};
};

template <Epilogue kEpilogue, class Number>
void finish_tile(const GemmArgs& args, const SummedTile& tile) {
  const auto offset = [&](int64_t i, int64_t j) {
    return (tile.row + i) * args.ldc + tile.column + j;
  };
  using Finisher = Column<kEpilogue, Number>;
  int64_t j = 0;
  for (; j + 2 * kWidth <= tile.columns; j += 2 * kWidth) {
    const Finisher first(args, tile.column + j, kWidth);
    const Finisher second(args, tile.column + j + kWidth, kWidth);
    for (int64_t i = 0; i < tile.rows; ++i) {
      const float* sums = tile.sums + i * tile.ld + j;
      const int64_t at = offset(i, j);
      store(as<Number>(args.c) + at, first.finish(load(sums), at),
            second.finish(load(sums + kWidth), at + kWidth));
    }
  }
  for (; j < tile.columns; j += kWidth) {
    const int64_t lanes = minimum(kWidth, tile.columns - j);
    const Finisher last(args, tile.column + j, lanes);
    for (int64_t i = 0; i < tile.rows; ++i) {
      const int64_t at = offset(i, j);
      store(as<Number>(args.c) + at, last.finish(load(tile.sums + i * tile.ld + j, lanes), at),
            lanes);
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
