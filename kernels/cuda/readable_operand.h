// A factor of a product as tensor cores read it: bfloat16s whose rows begin at multiples of 16
// bytes. Where it is not so, a copy that is.
#pragma once

#include <optional>

#include "kernels/cuda/numbers.h"

namespace lathe::LATHE_CUDA {

constexpr int kChunk = 8;  // bfloat16s in 16 bytes

class ReadableOperand {
 public:
  // `x` [rows, columns], rows `ld` numbers apart.
  ReadableOperand(const ConstNumbers& x, int64_t ld, int64_t rows, int64_t columns, Stream stream);

  ConstNumbers data;
  int64_t ld;

 private:
  std::optional<Workspace> copy_;
};

// Both factors of a product, and its arguments with them in place of what was given.
struct ReadableFactors {
  ReadableFactors(const GemmArgs& args, Stream stream);

  ReadableOperand a, b;
  GemmArgs args;
};

}  // namespace lathe::LATHE_CUDA
