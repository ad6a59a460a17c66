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
  struct Entry {
    Key key;
    std::array<int32_t, kShortTokens> ids;
    uint32_t count;  // kElsewhere: the word is in the wider table
  };
  static constexpr uint32_t kElsewhere = ~uint32_t{0};
  struct alignas(16) Places {
    std::array<uint8_t, kShortTokens> begin, end, word;
    uint8_t code_points, words;
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
  void prefetch(std::size_t set, bool places) const {
    __builtin_prefetch(&entries_[set]);
    if (places) __builtin_prefetch(&places_[set]);
  }
  // Index of the word's entry, until the next call; kMissing where it has none. Of the two words
  // that share a set, the one that was asked for last stands first: rare words push out rare words.
  std::size_t find(const Key& key, std::size_t set) {
    if (is(set, key)) [[likely]]
      return set;
    if (!is(set + 1, key)) return kMissing;
    std::swap(entries_[set], entries_[set + 1]);
    std::swap(places_[set], places_[set + 1]);
    return set;
  }
  static constexpr std::size_t kMissing = ~std::size_t{0};
  const Entry& entry(std::size_t index) const { return entries_[index]; }
  const Places& places(std::size_t index) const { return places_[index]; }

  // A word of any length; null where it has no entry in the wider table.
  const LongEntry* find_long(std::string_view word) const;

  // Remembers the tokens of a word, unless it or they are too long for any entry.
  void insert(std::string_view word, const StretchTokens& tokens);

 private:
  static constexpr int kShortBits = 17, kLongBits = 12;  // 6 MiB and 0.5 MiB

  bool is(std::size_t index, const Key& key) const {
    const Key& found = entries_[index].key;
    return ((found.low ^ key.low) | (found.high ^ key.high)) == 0;
  }
  static std::size_t long_index(std::string_view word);

  struct Memory {
    void* begin;
    char* aligned;
    std::size_t size;
  };
  static Memory map_zeroed(std::size_t bytes);

  Memory memory_;
  Entry* entries_;
  LongEntry* long_;
  Places* places_;
};

}  // namespace lathe
