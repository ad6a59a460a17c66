#include "tokenize/word_piece.h"

#include "tokenize/utf8.h"

namespace lathe {

void WordPiece::split(std::string_view word, std::vector<Piece>& pieces) const {
  pieces.clear();
  const auto bytes = static_cast<int64_t>(word.size());
  const bool too_long = bytes > max_chars_ && count_code_points(word) > max_chars_;
  if (!too_long && spell(word, pieces)) return;
  pieces.assign(1, {unknown_id_, static_cast<int32_t>(bytes)});
}

bool WordPiece::spell(std::string_view word, std::vector<Piece>& pieces) const {
  for (std::size_t at = 0; at < word.size();) {
    const Vocabulary::Match match = vocabulary_->longest_prefix(word.substr(at), at > 0);
    if (match.id < 0) return false;
    at += match.length;
    pieces.push_back({match.id, static_cast<int32_t>(at)});
  }
  return true;
}

}  // namespace lathe
