#include "data/bitmap.h"

#include <algorithm>
#include <bit>
#include <cstring>

namespace lathe {

namespace {

// Up to 56 bits from bit `begin` on; reads no byte behind the last of them.
uint64_t load_bits(const uint8_t* bits, int64_t begin, int64_t count) {
  const int64_t shift = begin % 8;
  uint64_t word = 0;
  std::memcpy(&word, bits + begin / 8, static_cast<std::size_t>(bitmap_bytes(shift + count)));
  return word >> shift & ((uint64_t{1} << count) - 1);
}

constexpr int64_t kStep = 56;  // with a shift of up to 7 still within a word

}  // namespace

int64_t count_ones(const uint8_t* bits, int64_t begin, int64_t count) {
  int64_t ones = 0;
  for (int64_t done = 0; done < count; done += kStep) {
    ones += std::popcount(load_bits(bits, begin + done, std::min(kStep, count - done)));
  }
  return ones;
}

void copy_bits(const uint8_t* from, int64_t begin, int64_t count, uint8_t* to, int64_t to_begin) {
  for (int64_t done = 0; done < count; done += kStep) {
    const int64_t step = std::min(kStep, count - done);
    const int64_t shift = (to_begin + done) % 8;
    uint8_t* out = to + (to_begin + done) / 8;
    const auto bytes = static_cast<std::size_t>(bitmap_bytes(shift + step));
    uint64_t word = 0;
    std::memcpy(&word, out, bytes);
    word |= load_bits(from, begin + done, step) << shift;
    std::memcpy(out, &word, bytes);
  }
}

void set_bits(uint8_t* bits, int64_t begin, int64_t count) {
  const uint8_t ones[8] = {255, 255, 255, 255, 255, 255, 255, 255};
  for (int64_t done = 0; done < count; done += kStep) {
    copy_bits(ones, 0, std::min(kStep, count - done), bits, begin + done);
  }
}

}  // namespace lathe
