// WordPiece: a word as the longest tokens that spell it, from left to right.
//
//   "unaffable" → un ##aff ##able
// A word that cannot be spelled, or has more than `max_input_chars_per_word` characters, is one
// unknown token. Wu et al. 2016 (arXiv:1609.08144) §4.1; Devlin et al. 2019 §3.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "tokenize/vocabulary.h"

namespace lathe {

class WordPiece {
 public:
  // A token of a word: its id, and where it ends in the word, in bytes.
  struct Piece {
    int32_t id;
    int32_t end;
  };

  // `vocabulary` must outlive this.
  WordPiece(const Vocabulary& vocabulary, int32_t unknown_id, int64_t max_input_chars_per_word)
      : vocabulary_(&vocabulary), unknown_id_(unknown_id), max_chars_(max_input_chars_per_word) {}

  // Puts the pieces of `word`, which is not empty, into `pieces`, which is cleared first.
  void split(std::string_view word, std::vector<Piece>& pieces) const;

 private:
  bool spell(std::string_view word, std::vector<Piece>& pieces) const;

  const Vocabulary* vocabulary_;
  int32_t unknown_id_;
  int64_t max_chars_;
};

}  // namespace lathe
