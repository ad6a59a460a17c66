// Words that a thread has met, and their tokens: most words of a text have been there before.
//
// Bounded: two tables of fixed size in which a new word takes the place of an older one. The short
// words that natural text is made of have an entry of half a cache line, which holds the word
// itself, so that a hit is exact and costs one line of memory; what does not fit has a wider one.
#pragma once

#include <array>
#include <cstdint>
#include <cstring>
#include <string_view>
#include <utility>

#include "tokenize/stretch_encoder.h"

namespace lathe {

// The bytes of a 16-byte load that belong to a word of so many.
struct WordMasks {
  uint64_t low, high;
};
constexpr std::array<WordMasks, 16> make_word_masks() {
  std::array<WordMasks, 16> masks{};
  for (std::size_t size = 1; size < 16; ++size) {
    masks[size].low = size < 8 ? (uint64_t{1} << 8 * size) - 1 : ~uint64_t{0};
    masks[size].high = size <= 8 ? 0 : (uint64_t{1} << 8 * (size - 8)) - 1;
  }
  return masks;
}
inline constexpr std::array<WordMasks, 16> kWordMasks = make_word_masks();

class WordCache {
 public:
  static constexpr std::size_t kShortBytes = 15;  // of a word; the 16th byte is its length
  static constexpr std::size_t kShortTokens = 3;
  static constexpr std::size_t kLongBytes = 48;
  static constexpr std::size_t kLongTokens = 10;

  struct Key {
    uint64_t low, high;
  };
  // How many tokens a word has and where they stand in it, in the 32 bits that an entry has left:
  //   bits 0-2 tokens, 3-6 code points, 7-18 where the tokens begin, 19-30 where they end,
  //   31 whether each is a word by itself; else all are of one
  using Shape = uint32_t;
  static constexpr Shape kElsewhere = 7;  // the word is in the wider table
  static uint32_t count(Shape shape) { return shape & 7; }
  static int32_t code_points(Shape shape) { return shape >> 3 & 15; }
  static int32_t begin(Shape shape, std::size_t token) { return shape >> (7 + 4 * token) & 15; }
  static int32_t end(Shape shape, std::size_t token) { return shape >> (19 + 4 * token) & 15; }
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
    std::array<uint8_t, kLongTokens> begin, end, word;
    uint8_t code_points, words;
  };

  WordCache();
  ~WordCache();
  WordCache(const WordCache&) = delete;
  WordCache& operator=(const WordCache&) = delete;

  // The key of the `size` bytes at `word`, 1 to kShortBytes. Reads 16 bytes where `readable` are.
  static Key key_of(const char* word, std::size_t size, std::size_t readable) {
    Key key;
    if (readable >= 16) {
      std::memcpy(&key, word, 16);
    } else {
      char copy[16] = {};
      std::memcpy(copy, word, size);
      std::memcpy(&key, copy, 16);
    }
    key.low &= kWordMasks[size].low;
    key.high = (key.high & kWordMasks[size].high) | static_cast<uint64_t>(size) << 56;
    return key;
  }

  // Where the word's entry is if it has one.
  static std::size_t set_of(const Key& key) {
    const uint64_t folded = (key.low * 0x9E3779B97F4A7C15) ^ (key.high * 0xD6E8FEB86659FD93);
    return ((folded ^ folded >> 29) * 0xBF58476D1CE4E5B9) >> (64 - kShortBits + 1) << 1;
  }
  // Asks the memory for it, before find() does.
  void prefetch(std::size_t set) const { __builtin_prefetch(&entries_[set]); }
  // The word's entry, until the next insert(); null where it has none in its set. Which of the two
  // of a set it is is no branch, as nobody could foresee it.
  const Entry* find(const Key& key, std::size_t set) const {
    const bool first = is(set, key), second = is(set + 1, key);
    const Entry* const entry = &entries_[set + (second ? 1 : 0)];
    return first | second ? entry : nullptr;
  }
  // The same where a word goes when its set is full: the neighbouring one.
  const Entry* find_beside(const Key& key, std::size_t set) const {
    const bool full = entries_[set].key.high != 0 && entries_[set + 1].key.high != 0;
    return full ? find(key, set ^ 2) : nullptr;
  }

  // A word of any length; null where it has no entry in the wider table.
  const LongEntry* find_long(std::string_view word) const;

  // Remembers the tokens of a word, unless it or they are too long for any entry.
  void insert(std::string_view word, const StretchTokens& tokens);

 private:
  static constexpr int kShortBits = 17, kLongBits = 12;  // 4 MiB and 0.5 MiB

  bool is(std::size_t index, const Key& key) const {
    const Key& found = entries_[index].key;
    return ((found.low ^ key.low) | (found.high ^ key.high)) == 0;
  }
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
