// The tokens of a stretch of text that holds no ASCII space: words of any script and what stands
// between them, character by character.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "tokenize/characters.h"
#include "tokenize/longest_match.h"
#include "tokenize/normalizer.h"

namespace lathe {

struct StretchTokens {
  std::vector<int32_t> ids;
  std::vector<TokenOffset> offsets;    // in code points, counted from the stretch's first
  std::vector<int32_t> words_of;       // the number of its word, from 0
  int32_t words = 0, code_points = 0;  // of the stretch
  // A mark came to stand before the stretch, so that its offset depends on what is there.
  bool reaches_back = false;
};

class StretchEncoder {
 public:
  // `matcher` must outlive this.
  StretchEncoder(const NormalizerRules& rules, const LongestMatch& matcher);

  // `stretch` is valid UTF-8; `follows` where a character stands before it, which must be ASCII.
  // The result is valid until the next call.
  const StretchTokens& encode(std::string_view stretch, bool follows);
  // Frees the buffers that a very long stretch made large; the last result is lost.
  void shrink();

 private:
  bool encode_ascii_word(std::string_view stretch);
  void add_character(const Characters::Character& character, int32_t place);
  void end_word();
  std::size_t encode_moving(std::string_view stretch, std::size_t begin, int32_t place,
                            bool follows);
  void add_pieces(std::string_view word, const TokenOffset* origin);  // of each byte

  Characters characters_;
  Normalizer normalizer_;
  const LongestMatch& matcher_;
  StretchTokens tokens_;
  std::array<char, 256> ascii_;  // what becomes of a byte that is a letter or digit, else 0

  std::string word_;                 // as far as it has been read, normalized
  std::vector<TokenOffset> origin_;  // of each of its bytes
  std::vector<WordPiece::Piece> pieces_;
  std::string moving_;
};

}  // namespace lathe
