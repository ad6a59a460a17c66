#include "tokenize/plain_encoder.h"

#include <string>
#include <utility>

#include "base/error.h"
#include "tokenize/utf8.h"
#include "tokenize/words.h"

namespace lathe {

namespace {

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

// The state of one call.
class Run {
 public:
  Run(const WordPiece& word_piece, PreTokenizer pre_tokenizer, TextTokens& out)
      : word_piece_(word_piece), pre_tokenizer_(pre_tokenizer), out_(out) {}

  void add(int32_t id, const TokenOffset& offset) {
    out_.ids.push_back(id);
    out_.offsets.push_back(offset);
    out_.words.push_back(words_);
  }
  void end_word() { ++words_; }

  void add_words(const NormalizedText& normalized, std::size_t begin, std::size_t end) {
    const auto add_word = [&](std::size_t from, std::size_t to) {
      word_piece_.split(std::string_view(normalized.text).substr(from, to - from), pieces_);
      std::size_t piece_begin = from;
      for (const WordPiece::Piece& piece : pieces_) {
        const std::size_t piece_end = from + static_cast<std::size_t>(piece.end);
        add(piece.id, {normalized.origin[piece_begin].begin, normalized.origin[piece_end - 1].end});
        piece_begin = piece_end;
      }
      end_word();
    };
    if (pre_tokenizer_ == PreTokenizer::kBert) {
      for_each_word(normalized.text, begin, end, add_word);
    } else {
      for_each_whitespace_word(normalized.text, begin, end, add_word);
    }
  }

 private:
  const WordPiece& word_piece_;
  PreTokenizer pre_tokenizer_;
  TextTokens& out_;
  int32_t words_ = 0;
  std::vector<WordPiece::Piece> pieces_;
};

}  // namespace

PlainEncoder::PlainEncoder(const TokenizerDefinition& definition, const Vocabulary& vocabulary)
    : rules_(definition.normalizer),
      pre_tokenizer_(definition.pre_tokenizer),
      word_piece_(vocabulary, vocabulary.id(definition.unknown_token).value(),
                  definition.max_input_chars_per_word),
      raw_tokens_(make_finder(definition, false)),
      normalized_tokens_(make_finder(definition, true)) {}

void PlainEncoder::encode(std::string_view text, TextTokens& out) const {
  Run run(word_piece_, pre_tokenizer_, out);
  Normalizer normalizer(rules_);
  std::vector<AddedTokenFinder::Part> raw_parts, parts;
  raw_tokens_.split(text, raw_parts);
  int32_t place = 0;  // code points before the part
  for (const auto& raw : raw_parts) {
    const std::string_view part = text.substr(raw.begin, raw.end - raw.begin);
    const int32_t end = place + count_code_points(part);
    if (raw.id >= 0) {
      run.add(raw.id, {place, end});
      run.end_word();
    } else {
      const NormalizedText& normalized = normalizer.normalize(part, place);
      normalized_tokens_.split(normalized.text, parts);
      for (const auto& found : parts) {
        if (found.id < 0) {
          run.add_words(normalized, found.begin, found.end);
        } else {
          run.add(found.id,
                  {normalized.origin[found.begin].begin, normalized.origin[found.end - 1].end});
          run.end_word();
        }
      }
    }
    place = end;
  }
}

}  // namespace lathe
