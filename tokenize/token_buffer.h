// Tokens on their way from the cache into columns: written here without asking for room or what of
// an entry counts, and appended to the columns a group at a time.
#pragma once

#include <array>
#include <cstdint>
#include <cstring>

#include "tokenize/plain_encoder.h"
#include "tokenize/word_cache.h"

namespace lathe {

// Where the next token stands in its text.
struct TextPlace {
  int64_t shift = 0;  // what to add to a byte's place in the part for its place in code points
  int32_t words = 0;  // that came before
};

// For the tokens of up to kStretches stretches that have short entries.
template <std::size_t kStretches, bool kOffsets, bool kWords>
class TokenBuffer {
 public:
  explicit TokenBuffer(const TextPlace& place) : place_(place) {}

  // The tokens of a stretch of `size` bytes that begins at byte `begin` of the part.
  void add(const WordCache::Entry& entry, std::size_t begin, std::size_t size) {
    // With the shape behind the ids it is one copy of 16 bytes.
    std::memcpy(&ids_[count_], reinterpret_cast<const char*>(&entry) + sizeof entry.key,
                sizeof entry - sizeof entry.key);
    if constexpr (kOffsets) add_offsets(entry.shape, begin, size);
    if constexpr (kWords) {
      for (std::size_t i = 0; i < WordCache::kShortTokens; ++i) {
        words_[count_ + i] = place_.words + WordCache::word(entry.shape, i);
      }
      place_.words += WordCache::words(entry.shape);
    }
    count_ += WordCache::count(entry.shape);
  }

  // Appends what was added to `out` and forgets it; `place` becomes that of the next token.
  void flush(TextTokens& out, TextPlace& place) {
    out.ids.insert(out.ids.end(), ids_.begin(), ids_.begin() + count_);
    if constexpr (kOffsets) {
      out.offsets.insert(out.offsets.end(), offsets_.begin(), offsets_.begin() + count_);
    }
    if constexpr (kWords) {
      out.words.insert(out.words.end(), words_.begin(), words_.begin() + count_);
    }
    count_ = 0;
    place = place_;
  }
  // After a stretch that went another way.
  void move_to(const TextPlace& place) { place_ = place; }

 private:
  static constexpr std::size_t kTokens = WordCache::kShortTokens * kStretches + 1;

  // Of every token that a shape has room for: that is faster than to ask how many there are.
  void add_offsets(WordCache::Shape shape, std::size_t begin, std::size_t size) {
    const auto place = static_cast<int32_t>(place_.shift + static_cast<int64_t>(begin));
    const WordCache::Offsets offsets = WordCache::offsets(shape, place);
    std::memcpy(&offsets_[count_], &offsets, sizeof offsets);
    place_.shift += WordCache::code_points(shape) - static_cast<int64_t>(size);
  }

  TextPlace place_;
  uint32_t count_ = 0;
  std::array<int32_t, kTokens> ids_;
  std::array<TokenOffset, kOffsets ? kTokens : 0> offsets_;
  std::array<int32_t, kWords ? kTokens : 0> words_;
};

}  // namespace lathe
