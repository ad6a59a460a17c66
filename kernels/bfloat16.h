// bfloat16: the upper half of a float, that is its sign, its exponent and 8 significant bits. The
// functions are `static` for the reason that philox.h gives.
#pragma once

#include <cstdint>
#include <cstring>

#include "kernels/on_device.h"

namespace lathe {

// The nearest bfloat16 as a float; of two equally near the one with an even last bit. Too large
// becomes infinite, NaN stays NaN.
LATHE_DEVICE static inline float rounded_to_bfloat16(float x) {
  if (x != x) return x;
  uint32_t bits = 0;
  memcpy(&bits, &x, sizeof bits);
  bits = (bits + 0x7fffu + (bits >> 16 & 1u)) & 0xffff0000u;
  memcpy(&x, &bits, sizeof x);
  return x;
}

}  // namespace lathe
