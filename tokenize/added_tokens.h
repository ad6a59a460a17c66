// Tokens that are looked for in the text itself, before it is cut into words: [CLS], [MASK] and
// whatever else a tokenizer.json adds.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace lathe {

struct AddedToken {
  std::string content;
  int32_t id = 0;
  bool single_word = false;  // not where a word character stands right before or after it
  bool lstrip = false;       // takes the whitespace before it along
  bool rstrip = false;       // takes the whitespace after it along
  bool normalized =
      false;  // matched, normalized itself, in the normalized text; else in the raw one
  bool special = false;
  bool operator==(const AddedToken&) const = default;
};

// Finds some added tokens in a text: the leftmost, and of those that begin there the longest.
class AddedTokenFinder {
 public:
  // `patterns[i]`, which is not empty, is what stands in the text for `tokens[i]`.
  AddedTokenFinder(std::vector<AddedToken> tokens, std::vector<std::string> patterns);

  bool empty() const { return tokens_.empty(); }
  // Whether split() may find any. `text` may be any bytes.
  bool occur_in(std::string_view text) const { return find(text, 0).token != nullptr; }

  // A stretch of the text: an added token, or (id -1) what lies between two of them.
  struct Part {
    int32_t id;
    std::size_t begin, end;  // bytes
  };
  // Cuts `text`, valid UTF-8, into parts that cover it.
  void split(std::string_view text, std::vector<Part>& parts) const;

 private:
  struct Match {
    std::size_t begin, end;
    const AddedToken* token;  // null: no more
  };
  Match find(std::string_view text, std::size_t from) const;

  std::vector<AddedToken> tokens_;
  std::vector<std::string> patterns_;
  std::array<std::vector<std::size_t>, 256> by_first_byte_;  // indices, the longest pattern first
  int only_first_byte_ = -1;  // of all patterns, when they have the same
};

}  // namespace lathe
