// Makes a WordPiece vocabulary from text.
//
// The scheme is byte-pair encoding's (Sennrich et al. 2016, arXiv:1508.07909 §3.2): every word is
// the characters that it is made of, all but the first marked as continuing it; the two neighbours
// that stand together most often become one token; and again, until there are enough. Counts, ties
// and order are those of BertWordPieceTokenizer.train of tokenizers 0.23, save where that one is
// decided by the order of a hash table, which differs from run to run: in which order the
// continuing characters get their ids (here: that of their code points), and with it which of two
// pairs that are equally frequent is merged first.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "tokenize/normalizer.h"

namespace lathe {

struct VocabularyOptions {
  int64_t vocab_size = 30000;     // tokens, special ones and characters included
  int64_t min_frequency = 2;      // of a pair that is merged
  int64_t limit_alphabet = 1000;  // characters; the rarest of more go, also out of the words
  std::vector<std::string> special_tokens{"[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"};
  std::string continuing_prefix = "##";
  // Continuing characters that get their ids before the others, in this order ("##e", …): to
  // follow a run of tokenizers.
  std::vector<std::string> first_continuing;
};

// The words of a text, normalized, and how often each occurs.
class WordCounter {
 public:
  explicit WordCounter(const NormalizerRules& rules) : normalizer_(rules), rules_(rules) {}

  // Counts the words of `text`. Error "not valid UTF-8 at byte …".
  void add(std::string_view text);

  const std::unordered_map<std::string, int64_t>& counts() const { return counts_; }

 private:
  void add_part(std::string_view part);

  Normalizer normalizer_;
  NormalizerRules rules_;
  std::unordered_map<std::string, int64_t> counts_;
};

// The tokens by id: special ones, the alphabet by code point, continuing characters, merged tokens
// in the order of their making. Error when vocab_size has no place for the special tokens.
std::vector<std::string> train_vocabulary(const std::unordered_map<std::string, int64_t>& counts,
                                          const VocabularyOptions& options);

}  // namespace lathe
