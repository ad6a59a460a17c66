// One number of Numbers, whichever they are.
#pragma once

#include "kernels/bfloat16.h"
#include "kernels/kernels.h"

namespace lathe::reference {

inline float at(const ConstNumbers& x, int64_t i) {
  if (x.precision == Precision::kF32) return static_cast<const float*>(x.data)[i];
  return from_bfloat16(static_cast<const uint16_t*>(x.data)[i]);
}

inline void put(const Numbers& x, int64_t i, double value) {
  const auto rounded = static_cast<float>(value);
  if (x.precision == Precision::kF32) {
    static_cast<float*>(x.data)[i] = rounded;
  } else {
    static_cast<uint16_t*>(x.data)[i] = to_bfloat16(rounded);
  }
}

}  // namespace lathe::reference
