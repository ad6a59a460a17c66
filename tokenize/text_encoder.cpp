#include "tokenize/text_encoder.h"

#include <algorithm>
#include <string>

#include "base/error.h"
#include "base/utf8.h"
#include "tokenize/unicode.h"
#include "tokenize/utf8.h"

namespace lathe {

namespace {

int32_t unknown_id(const TokenizerDefinition& definition, const Vocabulary& vocabulary) {
  return vocabulary.id(definition.unknown_token).value();
}

// The added tokens that are looked for in the raw text, or in the normalized one. Special ones come
// first: where two have the same pattern, the first is found.
AddedTokenFinder make_finder(const TokenizerDefinition& definition, bool normalized) {
  std::vector<AddedToken> tokens;
  std::vector<std::string> patterns;
  Normalizer normalizer(definition.normalizer);
  for (const bool special : {true, false}) {
    for (const AddedToken& token : definition.added_tokens) {
      if (token.special != special || token.normalized != normalized) continue;
      tokens.push_back(token);
      patterns.push_back(normalized ? normalizer.normalize(token.content, 0).text : token.content);
      if (patterns.back().empty()) {
        fail("added token ", token.id, ": nothing of \"", token.content,
             "\" is left when normalized");
      }
    }
  }
  return AddedTokenFinder(std::move(tokens), std::move(patterns));
}

}  // namespace

TextEncoder::TextEncoder(const TokenizerDefinition& definition, const Vocabulary& vocabulary)
    : rules_(definition.normalizer),
      word_piece_(vocabulary, unknown_id(definition, vocabulary),
                  definition.max_input_chars_per_word),
      raw_tokens_(make_finder(definition, false)),
      normalized_tokens_(make_finder(definition, true)) {
  classes_.fill(AsciiClass::kGeneral);
  for (std::size_t i = 0; i < lowercase_.size(); ++i) {
    const char c = static_cast<char>(i);
    lowercase_[i] = rules_.lowercase && c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
    const bool line_control = c == '\t' || c == '\n' || c == '\r';
    if (rules_.clean_text && is_other(i) && !line_control) continue;
    classes_[i] = is_whitespace(i)         ? AsciiClass::kSpace
                  : is_bert_punctuation(i) ? AsciiClass::kPunctuation
                                           : AsciiClass::kWord;
  }
}

// The state of one call: what has been found, and the buffers on the way there.
class TextEncoder::Run {
 public:
  Run(const TextEncoder& encoder, std::string_view text, bool offsets)
      : encoder_(encoder), text_(text), want_offsets_(offsets), normalizer_(encoder.rules_) {}

  TextTokens encode();

 private:
  void encode_plain(std::string_view text);
  void encode_ascii(std::string_view chunk);
  void encode_general(std::string_view text, int32_t first);
  void encode_words(const NormalizedText& normalized, std::size_t begin, std::size_t end);
  void add_ascii_word(std::string_view word, int32_t first);
  void add_word(const NormalizedText& normalized, std::size_t begin, std::size_t end);
  void add(int32_t id, const TokenOffset& offset);
  AsciiClass class_of(char c) const { return encoder_.classes_[static_cast<unsigned char>(c)]; }

  const TextEncoder& encoder_;
  std::string_view text_;
  bool want_offsets_;
  int32_t place_ = 0;  // of what is encoded next, in code points
  TextTokens out_;

  Normalizer normalizer_;
  std::vector<AddedTokenFinder::Part> parts_;
  std::vector<WordPiece::Piece> pieces_;
  std::string lower_;
};

TextTokens TextEncoder::encode(std::string_view text, bool offsets) const {
  if (const std::size_t valid = valid_utf8_prefix(text); valid < text.size()) {
    fail("not valid UTF-8 at byte ", valid);
  }
  if (text.size() > INT32_MAX) fail("a text of ", text.size(), " bytes is too long to tokenize");
  return Run(*this, text, offsets).encode();
}

TextTokens TextEncoder::Run::encode() {
  out_.ids.reserve(text_.size() / 4);
  std::vector<AddedTokenFinder::Part> raw_parts;
  encoder_.raw_tokens_.split(text_, raw_parts);
  for (const auto& part : raw_parts) {
    const std::string_view text = text_.substr(part.begin, part.end - part.begin);
    if (part.id < 0) {
      encode_plain(text);
    } else {
      const int32_t end = place_ + count_code_points(text);
      add(part.id, {place_, end});
      place_ = end;
    }
  }
  return std::move(out_);
}

// A text without raw added tokens. Normalization never reaches over an ASCII space, so that the
// stretches between spaces can go different ways; but an added token that is looked for afterwards
// may itself contain spaces.
void TextEncoder::Run::encode_plain(std::string_view text) {
  if (!encoder_.normalized_tokens_.empty()) {
    encode_general(text, place_);
    place_ += count_code_points(text);
    return;
  }
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t begin = at;
    while (at < text.size() && class_of(text[at]) > AsciiClass::kSpace) ++at;
    if (at == text.size() || class_of(text[at]) == AsciiClass::kSpace) {
      encode_ascii(text.substr(begin, at - begin));
      place_ += static_cast<int32_t>(at - begin);
      if (at < text.size()) ++at, ++place_;
      continue;
    }
    while (at < text.size() && class_of(text[at]) != AsciiClass::kSpace) ++at;
    // With the space before it: a mark that normalization moves to the front takes its place there.
    const std::size_t space = begin > 0 ? 1 : 0;
    encode_general(text.substr(begin - space, at - begin + space),
                   place_ - static_cast<int32_t>(space));
    place_ += count_code_points(text.substr(begin, at - begin));
    if (at < text.size()) ++at, ++place_;
  }
}

// Words and punctuation, no space.
void TextEncoder::Run::encode_ascii(std::string_view chunk) {
  if (encoder_.rules_.lowercase) {
    lower_.resize(chunk.size());
    std::transform(chunk.begin(), chunk.end(), lower_.begin(),
                   [&](char c) { return encoder_.lowercase_[static_cast<unsigned char>(c)]; });
    chunk = lower_;
  }
  for (std::size_t at = 0; at < chunk.size();) {
    const std::size_t begin = at++;
    if (class_of(chunk[begin]) == AsciiClass::kWord) {
      while (at < chunk.size() && class_of(chunk[at]) == AsciiClass::kWord) ++at;
    }
    add_ascii_word(chunk.substr(begin, at - begin), place_ + static_cast<int32_t>(begin));
  }
}

// Any text, whose first code point is number `first`.
void TextEncoder::Run::encode_general(std::string_view text, int32_t first) {
  const NormalizedText& normalized = normalizer_.normalize(text, first);
  if (encoder_.normalized_tokens_.empty()) {
    encode_words(normalized, 0, normalized.text.size());
    return;
  }
  encoder_.normalized_tokens_.split(normalized.text, parts_);
  for (const auto& part : parts_) {
    if (part.id < 0) {
      encode_words(normalized, part.begin, part.end);
    } else {
      add(part.id, {normalized.origin[part.begin].begin, normalized.origin[part.end - 1].end});
    }
  }
}

// BertPreTokenizer: words are what stands between whitespace; each punctuation mark is its own.
void TextEncoder::Run::encode_words(const NormalizedText& normalized, std::size_t begin,
                                    std::size_t end) {
  std::size_t word = begin;  // where the word that is being read begins
  for (std::size_t at = begin; at < end;) {
    const std::size_t here = at;
    const char32_t c = next_code_point(normalized.text, at);
    const bool punctuation = is_bert_punctuation(c);
    if (!punctuation && !is_whitespace(c)) continue;
    add_word(normalized, word, here);
    if (punctuation) add_word(normalized, here, at);
    word = at;
  }
  add_word(normalized, word, end);
}

void TextEncoder::Run::add_ascii_word(std::string_view word, int32_t first) {
  encoder_.word_piece_.split(word, pieces_);
  int32_t begin = first;
  for (const WordPiece::Piece& piece : pieces_) {
    add(piece.id, {begin, first + piece.end});
    begin = first + piece.end;
  }
}

void TextEncoder::Run::add_word(const NormalizedText& normalized, std::size_t begin,
                                std::size_t end) {
  if (begin == end) return;
  encoder_.word_piece_.split(std::string_view(normalized.text).substr(begin, end - begin), pieces_);
  std::size_t from = begin;
  for (const WordPiece::Piece& piece : pieces_) {
    const std::size_t to = begin + static_cast<std::size_t>(piece.end);
    add(piece.id, {normalized.origin[from].begin, normalized.origin[to - 1].end});
    from = to;
  }
}

void TextEncoder::Run::add(int32_t id, const TokenOffset& offset) {
  out_.ids.push_back(id);
  if (want_offsets_) out_.offsets.push_back(offset);
}

}  // namespace lathe
