// One text into tokens, step after step over the whole of it: the definition of what the tokenizer
// does. text_encoder.h gives the same faster, and its tests compare the two.
#pragma once

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

// The tokens of a text, without the special tokens that a template puts around it.
struct TextTokens {
  std::vector<int32_t> ids;
  // As many of each, or none when they were not asked for.
  std::vector<TokenOffset> offsets;
  std::vector<int32_t> words;  // the number of the word that the token is from

  std::size_t size() const { return ids.size(); }
};

class PlainEncoder {
 public:
  // `vocabulary` is that of definition.tokens and must outlive this.
  PlainEncoder(const TokenizerDefinition& definition, const Vocabulary& vocabulary);

  // Appends the tokens of `text`, valid UTF-8, with offsets and words. Safe to call from several
  // threads at once.
  void encode(std::string_view text, TextTokens& out) const;

  const AddedTokenFinder& raw_tokens() const { return raw_tokens_; }
  // Whether what becomes of a text between ASCII spaces and punctuation marks depends on nothing
  // else: no added token may reach over them, and no pre-tokenizer joins them.
  bool is_local() const {
    return normalized_tokens_.empty() && pre_tokenizer_ == PreTokenizer::kBert;
  }

 private:
  NormalizerRules rules_;
  PreTokenizer pre_tokenizer_;
  WordPiece word_piece_;
  AddedTokenFinder raw_tokens_, normalized_tokens_;
};

}  // namespace lathe
