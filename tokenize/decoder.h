// Tokens back into text: what is lost in normalization stays lost.
#pragma once

#include <string>
#include <vector>

#include "tokenize/definition.h"

namespace lathe {

// The WordPiece decoder of tokenizers: a space before each token but the first and those that
// continue a word, whose prefix goes; where tokenizer.json says "cleanup", no space before a
// punctuation mark or an English contraction (" n't", " 's"). With no decoder in the file, a space
// between all tokens.
std::string decode_tokens(const std::vector<std::string>& tokens,
                          const TokenizerDefinition& definition);

}  // namespace lathe
