// Words that a thread has met, and their tokens: most words of a text have been there before.
//
// Bounded: two tables of fixed size in which a new word takes the place of an older one. The short
// words that natural text is made of have an entry of half a cache line, which holds the word
// itself, so that a hit is exact and costs one line of memory; what does not fit has a wider one.
#pragma once

#include <emmintrin.h>

#include <algorithm>
#include <array>
#include <cstdint>
#include <cstring>
#include <string_view>

#include "tokenize/stretch_encoder.h"

namespace lathe {

class WordCache {
 public:
  static constexpr std::size_t kShortBytes = 15;  // of a word; the 16th byte is its length
  static constexpr std::size_t kShortTokens = 3;
  static constexpr std::size_t kLongBytes = 48;
  static constexpr std::size_t kLongTokens = 10;

  // A word's bytes, zeros, and its size in the last byte.
  using Key = __m128i;
  // How many tokens a word has and where they stand in it, in the 32 bits that an entry has left:
  //   bits 0-2 tokens, 3-6 code points; from 7 on, 8 bits for each token: where it begins, where it
  //   ends; 31 whether each is a word by itself, else all are of one
  using Shape = uint32_t;
  static constexpr Shape kElsewhere = 7;  // the word is in the wider table
  static uint32_t count(Shape shape) { return shape & 7; }
  static int32_t code_points(Shape shape) { return shape >> 3 & 15; }
  // Begins and ends of as many tokens as a shape has room for, and of one more, which means
  // nothing, as TokenOffsets lie in memory.
  struct Offsets {
    __m128i first_two, last_two;
  };
  // `place` is that of the word. From nibbles to bytes, to 16 bits, to 32.
  static Offsets offsets(Shape shape, int32_t place) {
    const __m128i zero = _mm_setzero_si128(), places = _mm_set1_epi32(place);
    const __m128i packed = _mm_cvtsi32_si128(static_cast<int32_t>(shape >> 7));
    const __m128i nibbles =
        _mm_and_si128(_mm_unpacklo_epi8(packed, _mm_srli_epi16(packed, 4)), _mm_set1_epi8(0x0F));
    const __m128i wide = _mm_unpacklo_epi8(nibbles, zero);
    return {_mm_add_epi32(_mm_unpacklo_epi16(wide, zero), places),
            _mm_add_epi32(_mm_unpackhi_epi16(wide, zero), places)};
  }
  static int32_t words(Shape shape) {
    return static_cast<int32_t>(shape >> 31 != 0 || count(shape) == 0 ? count(shape) : 1);
  }
  static int32_t word(Shape shape, std::size_t token) {
    return shape >> 31 != 0 ? static_cast<int32_t>(token) : 0;
  }

  struct alignas(32) Entry {
    Key key;
    std::array<int32_t, kShortTokens> ids;
    Shape shape;
  };
  struct LongEntry {
    uint8_t size, count;  // size 0: free
    std::array<char, kLongBytes> text;
    std::array<int32_t, kLongTokens> ids;
    struct Offset {
      uint8_t begin, end;
    };
    std::array<Offset, kLongTokens> offsets;
    std::array<uint8_t, kLongTokens> words_of;
    uint8_t code_points, words;
  };

  WordCache();
  ~WordCache();
  WordCache(const WordCache&) = delete;
  WordCache& operator=(const WordCache&) = delete;

  // The key of the `size` bytes at `word`, 1 or more; of a longer word than kShortBytes one that no
  // entry has. Reads 16 bytes where `readable` are.
  static Key key_of(const char* word, std::size_t size, std::size_t readable) {
    const std::size_t kept = std::min(size, kShortBytes + 1);
    Key bytes;
    if (readable >= 16) {
      bytes = _mm_loadu_si128(reinterpret_cast<const __m128i*>(word));
    } else {
      char copy[16] = {};
      std::memcpy(copy, word, size);
      bytes = _mm_loadu_si128(reinterpret_cast<const __m128i*>(copy));
    }
    // From 16 bytes on, the mask that begins at byte 16 - n has n that are all ones.
    const char* const mask = kMask.data() + (16 - kept);
    const Key last = _mm_slli_si128(_mm_cvtsi64_si128(static_cast<int64_t>(kept)), 15);
    return _mm_or_si128(
        _mm_and_si128(bytes, _mm_loadu_si128(reinterpret_cast<const __m128i*>(mask))), last);
  }

  // Where the word's entry is if it has one. The product of the two halves, folded, depends on all
  // of their bits.
  static std::size_t set_of(const Key& key) {
    __extension__ using Wide = unsigned __int128;
    const auto low = static_cast<uint64_t>(_mm_cvtsi128_si64(key));
    const auto high = static_cast<uint64_t>(_mm_cvtsi128_si64(_mm_unpackhi_epi64(key, key)));
    const auto product = static_cast<Wide>(low ^ 0x9E3779B97F4A7C15) * (high ^ 0xD6E8FEB86659FD93);
    const uint64_t folded = static_cast<uint64_t>(product) ^ static_cast<uint64_t>(product >> 64);
    return folded >> (64 - kShortBits + 1) << 1;
  }
  // Asks the memory for it, before find() does.
  void prefetch(std::size_t set) const { __builtin_prefetch(&entries_[set]); }
  // The word's entry, until the next insert(); null where it has none in its set. Which of the two
  // of a set it is is no branch, as nobody could foresee it.
  const Entry* find(const Key& key, std::size_t set) const {
    const Entry* const entries = &entries_[set];
    const bool first = is(entries[0], key), second = is(entries[1], key);
    return (first | second) ? entries + second : nullptr;
  }
  // The same where a word goes when its set is full: the neighbouring one.
  const Entry* find_beside(const Key& key, std::size_t set) const {
    return is_free(entries_[set]) || is_free(entries_[set + 1]) ? nullptr : find(key, set ^ 2);
  }

  // A word of any length; null where it has no entry in the wider table.
  const LongEntry* find_long(std::string_view word) const;

  // Remembers the tokens of a word, unless it or they are too long for any entry.
  void insert(std::string_view word, const StretchTokens& tokens);

 private:
  static constexpr std::array<char, 32> kMask = {-1, -1, -1, -1, -1, -1, -1, -1,
                                                 -1, -1, -1, -1, -1, -1, -1, -1};
  static constexpr int kShortBits = 17, kLongBits = 12;  // 4 MiB and 0.5 MiB

  static bool is(const Entry& entry, const Key& key) {
    return _mm_movemask_epi8(_mm_cmpeq_epi8(entry.key, key)) == 0xFFFF;
  }
  static bool is_free(const Entry& entry) { return is(entry, _mm_setzero_si128()); }
  static std::size_t long_index(std::string_view word);
  Entry& place_for(std::size_t set);

  struct Memory {
    void* begin;
    char* aligned;
    std::size_t size;
  };
  static Memory map_zeroed(std::size_t bytes);

  Memory memory_;
  Entry* entries_;
  LongEntry* long_;
};

}  // namespace lathe
