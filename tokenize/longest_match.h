// WordPiece in one pass over a word: each byte is looked at once, whatever the vocabulary.
//
// The plain search (word_piece.h) starts again at every piece, and looks for it from the longest
// candidate down. This one walks a tree of all tokens and, where it cannot go on, follows a link
// that was computed beforehand: the pieces that are certain by now, and the node that stands for
// what is left. Song et al. 2021, "Fast WordPiece Tokenization" (arXiv:2012.15524), §3.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "tokenize/trie.h"
#include "tokenize/word_piece.h"

namespace lathe {

class LongestMatch {
 public:
  // As for WordPiece and Vocabulary. Nothing of the arguments is needed afterwards.
  LongestMatch(const std::vector<std::string>& tokens, const std::string& continuing_prefix,
               int32_t unknown_id, int64_t max_input_chars_per_word);

  // Puts behind what `pieces` holds the pieces of `word`, which is not empty.
  void append(std::string_view word, std::vector<WordPiece::Piece>& pieces) const;

 private:
  // The pieces of a link, the last one first: links that begin alike share their beginning.
  struct Pops {
    uint32_t before;  // index of the piece before, when there is one
    int32_t id, length;
  };
  struct Link {
    Trie::Node to = Trie::kNone;  // kNone: the word cannot be spelled
    uint32_t last = 0, count = 0;
  };

  static Trie make_trie(const std::vector<std::string>& tokens, const std::string& prefix,
                        int64_t max_chars);
  void link(const std::vector<std::string>& tokens, std::size_t prefix_size);
  void extend(Link& link, const Link& by);
  bool spell(std::string_view word, std::vector<WordPiece::Piece>& pieces) const;

  static constexpr std::size_t kOpening = 0, kContinuing = 1;  // sets of the trie

  int32_t unknown_id_;
  int64_t max_chars_;
  Trie trie_;
  std::vector<Link> links_;  // by node
  std::vector<Pops> pops_;
};

}  // namespace lathe
