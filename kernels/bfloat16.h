// bfloat16: the upper half of a float, that is its sign, its exponent and 8 significant bits.
#pragma once

#include <bit>
#include <cstdint>

namespace lathe {

// The nearest bfloat16 as a float; of two equally near the one with an even last bit. Too large
// becomes infinite, NaN stays NaN.
inline float rounded_to_bfloat16(float x) {
  if (x != x) return x;
  const uint32_t bits = std::bit_cast<uint32_t>(x);
  return std::bit_cast<float>((bits + 0x7fffu + (bits >> 16 & 1u)) & 0xffff0000u);
}

inline uint16_t to_bfloat16(float x) {
  return static_cast<uint16_t>(std::bit_cast<uint32_t>(rounded_to_bfloat16(x)) >> 16);
}

inline float from_bfloat16(uint16_t x) { return std::bit_cast<float>(uint32_t{x} << 16); }

}  // namespace lathe
