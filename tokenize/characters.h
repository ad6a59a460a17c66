// What becomes of each character by itself, looked up instead of derived step by step.
//
// Of nearly all characters one can say what normalizer.h makes of them without looking at their
// neighbours. The others are marks that stay in the text and that the canonical order may move.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "tokenize/normalizer.h"

namespace lathe {

class Characters {
 public:
  explicit Characters(const NormalizerRules& rules) : rules_(rules) {}

  enum class Kind : uint8_t {
    kLetters,      // goes into a word, as one or more characters
    kDropped,      // leaves nothing
    kSpace,        // ends a word
    kPunctuation,  // a word by itself; ideographs are too, where the rules say so
    kMoving,       // only normalizer.h knows
  };
  struct Character {
    std::array<char, 14> text;  // UTF-8; of letters and punctuation
    uint8_t size;
    Kind kind;
  };

  // Valid until the next call. Not safe to call from several threads.
  const Character& operator[](char32_t c) {
    auto& page = pages_[c >> 8];
    if (page == nullptr) page = make_page(c >> 8 << 8);
    return (*page)[c & 0xFF];
  }

 private:
  using Page = std::array<Character, 256>;

  std::unique_ptr<Page> make_page(char32_t first) const;
  Character make(char32_t c) const;

  NormalizerRules rules_;
  std::array<std::unique_ptr<Page>, 0x1100> pages_;  // made when they are first asked for
};

}  // namespace lathe
