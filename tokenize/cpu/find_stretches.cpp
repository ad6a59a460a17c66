// Compiled once per instruction set, as kernels/cpu/ is and under the same rule: everything here
// lives in lathe::cpu::<name> or has internal linkage, and nothing of the standard library that
// could be shared with another object is used.
#include <immintrin.h>

#include "tokenize/stretches.h"

namespace lathe::cpu::LATHE_ISA {

namespace {

// Bit i speaks of byte i of a block; a byte that is neither is space.
struct ByteClasses {
  uint64_t word, punctuation, beyond_ascii;
};

// A letter in either case: `c | 0x20` moves the capitals onto the small letters, and a range
// is one unsigned comparison of the distance from its first member.
#if defined(__AVX512BW__)

ByteClasses classify(const char* text, bool all_space) {
  const __m512i c = _mm512_loadu_si512(text);
  const auto in_range = [](__m512i value, char first, char last) {
    return _mm512_cmple_epu8_mask(_mm512_sub_epi8(value, _mm512_set1_epi8(first)),
                                  _mm512_set1_epi8(static_cast<char>(last - first)));
  };
  const uint64_t letter = in_range(_mm512_or_si512(c, _mm512_set1_epi8(0x20)), 'a', 'z');
  const uint64_t digit = in_range(c, '0', '9');
  const uint64_t graphic = in_range(c, '!', '~');
  const uint64_t blank = in_range(c, '\t', '\r');
  const uint64_t vertical = all_space ? 0 : in_range(c, '\v', '\f');
  const uint64_t space = _mm512_cmpeq_epi8_mask(c, _mm512_set1_epi8(' ')) | (blank & ~vertical);
  const uint64_t punctuation = graphic & ~letter & ~digit;
  return {~space & ~punctuation, punctuation, _mm512_movepi8_mask(c)};
}

#elif defined(__AVX2__)

struct Half {
  uint32_t space, punctuation, beyond_ascii;
};

Half classify_half(const char* text, bool all_space) {
  const __m256i c = _mm256_loadu_si256(reinterpret_cast<const __m256i*>(text));
  const auto in_range = [](__m256i value, char first, char last) {
    const __m256i distance = _mm256_sub_epi8(value, _mm256_set1_epi8(first));
    const __m256i width = _mm256_set1_epi8(static_cast<char>(last - first));
    return _mm256_cmpeq_epi8(_mm256_min_epu8(distance, width), distance);
  };
  const auto mask = [](__m256i lanes) {
    return static_cast<uint32_t>(_mm256_movemask_epi8(lanes));
  };
  const uint32_t letter = mask(in_range(_mm256_or_si256(c, _mm256_set1_epi8(0x20)), 'a', 'z'));
  const uint32_t digit = mask(in_range(c, '0', '9'));
  const uint32_t graphic = mask(in_range(c, '!', '~'));
  const uint32_t blank = mask(in_range(c, '\t', '\r'));
  const uint32_t vertical = all_space ? 0 : mask(in_range(c, '\v', '\f'));
  const uint32_t space = mask(_mm256_cmpeq_epi8(c, _mm256_set1_epi8(' '))) | (blank & ~vertical);
  return {space, graphic & ~letter & ~digit, mask(c)};
}

ByteClasses classify(const char* text, bool all_space) {
  const Half low = classify_half(text, all_space), high = classify_half(text + 32, all_space);
  const uint64_t space = low.space | static_cast<uint64_t>(high.space) << 32;
  const uint64_t punctuation = low.punctuation | static_cast<uint64_t>(high.punctuation) << 32;
  return {~space & ~punctuation, punctuation, low.beyond_ascii | high.beyond_ascii};
}

#else

ByteClasses classify(const char* text, bool all_space) {
  ByteClasses classes{0, 0, 0};
  for (int i = 0; i < 64; ++i) {
    const unsigned c = static_cast<unsigned char>(text[i]);
    const bool letter = (c | 0x20) - 'a' <= 'z' - 'a', digit = c - '0' <= 9;
    const bool punctuation = c - '!' <= '~' - '!' && !letter && !digit;
    const bool vertical = c == '\v' || c == '\f';
    const bool space = c == ' ' || (c - '\t' <= '\r' - '\t' && (all_space || !vertical));
    classes.punctuation |= static_cast<uint64_t>(punctuation) << i;
    classes.word |= static_cast<uint64_t>(!punctuation && !space) << i;
    classes.beyond_ascii |= c & 0x80;
  }
  return classes;
}

#endif

// The places of the set bits, counted from `first`. As many as a block mostly has are written
// whether there are so many or not, which saves a branch that is hard to foresee.
inline void append_bits(uint64_t bits, uint32_t first, uint32_t* out, std::size_t& count) {
#if defined(__AVX512F__)
  const __m512i steps = _mm512_set_epi32(15, 14, 13, 12, 11, 10, 9, 8, 7, 6, 5, 4, 3, 2, 1, 0);
  for (int i = 0; i < 64; i += 16, bits >>= 16) {
    const __m512i places = _mm512_add_epi32(steps, _mm512_set1_epi32(static_cast<int>(first) + i));
    const auto part = static_cast<__mmask16>(bits);
    _mm512_storeu_si512(out + count, _mm512_maskz_compress_epi32(part, places));
    count += static_cast<std::size_t>(__builtin_popcount(part));
  }
#elif defined(__POPCNT__)
  uint32_t* const at = out + count;
  const auto set = static_cast<std::size_t>(__builtin_popcountll(bits));
  for (std::size_t i = 0; i < kSpare; ++i, bits = bits & (bits - 1)) {
    at[i] = first + static_cast<uint32_t>(_tzcnt_u64(bits));
  }
  for (std::size_t i = kSpare; i < set; ++i, bits = bits & (bits - 1)) {
    at[i] = first + static_cast<uint32_t>(_tzcnt_u64(bits));
  }
  count += set;
#else
  for (; bits != 0; bits = bits & (bits - 1)) {
    out[count++] = first + static_cast<uint32_t>(__builtin_ctzll(bits));
  }
#endif
}

}  // namespace

void find_stretches(const char* block, std::size_t blocks, uint32_t first, bool all_space,
                    Stretches& found);
void find_stretches(const char* block, std::size_t blocks, uint32_t first, bool all_space,
                    Stretches& found) {
  std::size_t begins = found.begins, ends = found.ends;
  uint64_t in_word = found.in_word, after_punctuation = found.after_punctuation;
  uint64_t beyond_ascii = found.beyond_ascii;
  for (std::size_t i = 0; i < blocks; ++i, first += 64, block += 64) {
    const ByteClasses classes = classify(block, all_space);
    const uint64_t word = classes.word, punctuation = classes.punctuation;
    const uint64_t word_before = word << 1 | in_word;
    const uint64_t punctuation_before = punctuation << 1 | after_punctuation;
    append_bits(punctuation | (word & ~word_before), first, found.begin, begins);
    append_bits(punctuation_before | (word_before & ~word), first, found.end, ends);
    beyond_ascii |= classes.beyond_ascii;
    in_word = word >> 63;
    after_punctuation = punctuation >> 63;
  }
  found.begins = begins;
  found.ends = ends;
  found.in_word = in_word;
  found.after_punctuation = after_punctuation;
  found.beyond_ascii = beyond_ascii;
}

}  // namespace lathe::cpu::LATHE_ISA
