// One text into tokens, without the special tokens that a template puts around it.
#pragma once

#include <array>
#include <cstdint>
#include <string_view>
#include <vector>

#include "tokenize/added_tokens.h"
#include "tokenize/definition.h"
#include "tokenize/encoding.h"
#include "tokenize/normalizer.h"
#include "tokenize/vocabulary.h"
#include "tokenize/word_piece.h"

namespace lathe {

struct TextTokens {
  std::vector<int32_t> ids;
  std::vector<TokenOffset> offsets;  // as many, or none when they were not asked for
};

class TextEncoder {
 public:
  // `vocabulary` is that of definition.tokens and must outlive this.
  TextEncoder(const TokenizerDefinition& definition, const Vocabulary& vocabulary);

  // Error "not valid UTF-8 at byte …", counted from 0. Safe to call from several threads at once.
  TextTokens encode(std::string_view text, bool offsets) const;

 private:
  class Run;  // one call

  // What an ASCII character is to the tokenizer. Everything else, and characters that cleaning
  // drops from the middle of words, takes the general way.
  enum class AsciiClass : uint8_t { kGeneral, kSpace, kPunctuation, kWord };

  NormalizerRules rules_;
  WordPiece word_piece_;
  AddedTokenFinder raw_tokens_, normalized_tokens_;
  std::array<AsciiClass, 256> classes_;
  std::array<char, 128> lowercase_;
};

}  // namespace lathe
