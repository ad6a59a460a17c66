// Finding bytes in text, eight at a time.
#pragma once

#include <bit>
#include <cstdint>
#include <cstring>

namespace lathe {

// The first `a` or `b` in [begin, end), or `end`.
inline const char* find_either(const char* begin, const char* end, char a, char b) {
  static_assert(std::endian::native == std::endian::little, "the first byte must be the lowest");
  constexpr uint64_t kOnes = 0x0101010101010101;
  constexpr uint64_t kHighBits = 0x8080808080808080;
  const uint64_t all_a = kOnes * static_cast<unsigned char>(a);
  const uint64_t all_b = kOnes * static_cast<unsigned char>(b);
  // High bit of the lowest zero byte of `word` (Mycroft 1987). Higher bytes may be marked wrongly
  // by its borrow, which does not matter: only the lowest mark is used.
  const auto mark_zero = [](uint64_t word) { return (word - kOnes) & ~word & kHighBits; };
  for (; end - begin >= 8; begin += 8) {
    uint64_t word;
    std::memcpy(&word, begin, sizeof word);
    const uint64_t marks = mark_zero(word ^ all_a) | mark_zero(word ^ all_b);
    if (marks != 0) return begin + std::countr_zero(marks) / 8;
  }
  while (begin != end && *begin != a && *begin != b) ++begin;
  return begin;
}

}  // namespace lathe
