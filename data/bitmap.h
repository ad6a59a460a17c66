// Arrow's bitmaps: bit i is bit i % 8, from the least significant, of byte i / 8.
#pragma once

#include <cstdint>

namespace lathe {

constexpr int64_t bitmap_bytes(int64_t bits) { return bits / 8 + (bits % 8 != 0 ? 1 : 0); }

// How many of the bits [begin, begin + count) are 1.
int64_t count_ones(const uint8_t* bits, int64_t begin, int64_t count);

// Copies the bits [begin, begin + count) of `from` to [to_begin, to_begin + count) of `to`, whose
// bits from to_begin on must be 0.
void copy_bits(const uint8_t* from, int64_t begin, int64_t count, uint8_t* to, int64_t to_begin);

// Sets the bits [begin, begin + count).
void set_bits(uint8_t* bits, int64_t begin, int64_t count);

}  // namespace lathe
