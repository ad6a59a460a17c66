// The BertNormalizer of tokenizers: cleaning, spaces around ideographs, accents, case.
//
// The steps, each over the whole text that the one before left:
//   clean_text            NUL, U+FFFD and the "other" categories go, except tab and line ends;
//   these
//                         and the whitespace that is left become spaces
//   handle_chinese_chars  a space before and after each CJK ideograph
//   strip_accents         canonical decomposition, then nonspacing marks go
//   lowercase             character by character
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "tokenize/encoding.h"

namespace lathe {

struct NormalizerRules {
  bool clean_text = true;
  bool handle_chinese_chars = true;
  bool strip_accents = true;
  bool lowercase = true;
  bool operator==(const NormalizerRules&) const = default;
};

struct NormalizedText {
  std::string text;                 // UTF-8
  std::vector<TokenOffset> origin;  // [text.size()] the code points of the source behind each byte
};

// Holds the buffers of the steps, so that text after text is normalized without allocating anew.
class Normalizer {
 public:
  explicit Normalizer(const NormalizerRules& rules) : rules_(rules) {}

  // `source` is valid UTF-8; `first` is the number of its first code point in the text it is from.
  const NormalizedText& normalize(std::string_view source, int32_t first);

 private:
  void clean();
  void space_ideographs();
  void decompose();
  void strip_marks();
  void lower();
  void swap_in();

  NormalizerRules rules_;
  std::u32string text_, next_text_;  // the text, and what the present step makes of it
  std::vector<TokenOffset> origin_, next_origin_;  // of each character
  int32_t first_ = 0;
  NormalizedText result_;
};

}  // namespace lathe
