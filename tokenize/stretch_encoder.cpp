#include "tokenize/stretch_encoder.h"

#include "tokenize/utf8.h"
#include "tokenize/words.h"

namespace lathe {

using Kind = Characters::Kind;

StretchEncoder::StretchEncoder(const NormalizerRules& rules, const LongestMatch& matcher)
    : characters_(rules), normalizer_(rules), matcher_(matcher), ascii_{} {
  for (char32_t c = 0; c < 0x80; ++c) {
    const Characters::Character& character = characters_[c];
    if (character.kind == Kind::kLetters && character.size == 1) ascii_[c] = character.text[0];
  }
}

// Most stretches are a word of ASCII letters: each of its bytes becomes one.
bool StretchEncoder::encode_ascii_word(std::string_view stretch) {
  word_.resize(stretch.size());
  bool plain = true;
  for (std::size_t i = 0; i < stretch.size(); ++i) {
    word_[i] = ascii_[static_cast<unsigned char>(stretch[i])];
    plain = plain && word_[i] != 0;
  }
  if (!plain) return false;
  pieces_.clear();
  matcher_.append(word_, pieces_);
  int32_t begin = 0;
  for (const WordPiece::Piece& piece : pieces_) {
    tokens_.ids.push_back(piece.id);
    tokens_.offsets.push_back({begin, piece.end});
    tokens_.words_of.push_back(0);
    begin = piece.end;
  }
  tokens_.words = 1;
  tokens_.code_points = static_cast<int32_t>(stretch.size());
  return true;
}

void StretchEncoder::shrink() {
  const auto free = [](auto&... buffers) {
    constexpr std::size_t kKept = 1 << 14;  // of each buffer's values
    const auto free_one = [](auto& buffer) {
      if (buffer.capacity() <= kKept) return;
      buffer.clear();
      buffer.shrink_to_fit();
    };
    (free_one(buffers), ...);
  };
  free(word_, origin_, pieces_, moving_, tokens_.ids, tokens_.offsets, tokens_.words_of);
}

const StretchTokens& StretchEncoder::encode(std::string_view stretch, bool follows) {
  tokens_.ids.clear();
  tokens_.offsets.clear();
  tokens_.words_of.clear();
  tokens_.words = 0;
  tokens_.reaches_back = false;
  if (encode_ascii_word(stretch)) return tokens_;
  word_.clear();
  origin_.clear();
  int32_t place = 0;           // of the character, in code points
  std::size_t word_begin = 0;  // in the stretch; what was dropped since the last word is in it
  int32_t word_place = 0;
  for (std::size_t at = 0; at < stretch.size(); ++place) {
    const Characters::Character& character = characters_[next_code_point(stretch, at)];
    if (character.kind == Kind::kLetters) {
      add_character(character, place);
      continue;
    }
    if (character.kind == Kind::kDropped) continue;
    if (character.kind == Kind::kMoving) {
      // From the beginning of the word, to the end of it.
      word_.clear();
      origin_.clear();
      at = encode_moving(stretch, word_begin, word_place, follows || word_begin > 0);
      place = word_place + count_code_points(stretch.substr(word_begin, at - word_begin)) - 1;
    } else {
      end_word();
      if (character.kind == Kind::kPunctuation) {
        add_character(character, place);
        end_word();
      }
    }
    word_begin = at;
    word_place = place + 1;
  }
  end_word();
  tokens_.code_points = place;
  return tokens_;
}

void StretchEncoder::add_character(const Characters::Character& character, int32_t place) {
  word_.append(character.text.data(), character.size);
  origin_.resize(word_.size(), {place, place + 1});
}

void StretchEncoder::end_word() {
  if (word_.empty()) return;
  add_pieces(word_, origin_.data());
  word_.clear();
  origin_.clear();
}

void StretchEncoder::add_pieces(std::string_view word, const TokenOffset* origin) {
  pieces_.clear();
  matcher_.append(word, pieces_);
  std::size_t begin = 0;
  for (const WordPiece::Piece& piece : pieces_) {
    const auto end = static_cast<std::size_t>(piece.end);
    tokens_.ids.push_back(piece.id);
    tokens_.offsets.push_back({origin[begin].begin, origin[end - 1].end});
    tokens_.words_of.push_back(tokens_.words);
    begin = end;
  }
  ++tokens_.words;
}

// The word that begins at byte `begin`, of which some characters may change places: up to a space
// or a punctuation mark, where nothing moves across. The result is its end.
std::size_t StretchEncoder::encode_moving(std::string_view stretch, std::size_t begin,
                                          int32_t place, bool follows) {
  std::size_t end = begin;
  while (end < stretch.size()) {
    std::size_t next = end;
    const Kind kind = characters_[next_code_point(stretch, next)].kind;
    if (kind == Kind::kSpace || kind == Kind::kPunctuation) break;
    end = next;
  }
  // With a space for the character before: a mark that comes to the front takes its place there.
  moving_.assign(follows ? 1 : 0, ' ');
  moving_ += stretch.substr(begin, end - begin);
  const NormalizedText& normalized = normalizer_.normalize(moving_, place - (follows ? 1 : 0));
  for_each_word(normalized.text, 0, normalized.text.size(), [&](std::size_t from, std::size_t to) {
    const TokenOffset* const origin = normalized.origin.data() + from;
    const bool at_front = origin->begin < place || origin->begin == origin->end;
    if (begin == 0 && at_front) tokens_.reaches_back = true;
    add_pieces(std::string_view(normalized.text).substr(from, to - from), origin);
  });
  return end;
}

}  // namespace lathe
