#include "tokenize/characters.h"

#include <algorithm>

#include "tokenize/unicode.h"
#include "tokenize/utf8.h"

namespace lathe {

namespace {

using Kind = Characters::Kind;

// Unassigned places of the table and surrogates, which valid text does not hold, come here too.
bool is_encodable(char32_t c) { return c < 0x110000 && (c < 0xD800 || c >= 0xE000); }

bool is_line_control(char32_t c) { return c == '\t' || c == '\n' || c == '\r'; }

}  // namespace

std::unique_ptr<Characters::Page> Characters::make_page(char32_t first) const {
  auto page = std::make_unique<Page>();
  for (char32_t i = 0; i < page->size(); ++i) {
    if (is_encodable(first + i)) (*page)[i] = make(first + i);
  }
  return page;
}

Characters::Character Characters::make(char32_t c) const {
  Character result{{}, 0, Kind::kDropped};
  if (rules_.clean_text) {
    if (is_line_control(c)) c = ' ';
    if (c == 0 || c == 0xFFFD || is_other(c)) return result;
    if (is_whitespace(c)) c = ' ';
  }
  const bool ideograph = rules_.handle_chinese_chars && is_cjk_ideograph(c);

  std::u32string parts, kept, lower;
  if (rules_.strip_accents) {
    append_decomposition(c, parts);
    for (const char32_t part : parts) {
      if (is_nonspacing_mark(part)) continue;
      // A mark that stays; or a character that stands behind a mark that goes: where it comes from
      // is then not the same as where it stands.
      if (combining_class(part) != 0 || (kept.empty() && part != parts[0])) {
        result.kind = Kind::kMoving;
        return result;
      }
      kept += part;
    }
  } else {
    kept = c;
  }
  if (kept.empty()) return result;
  for (const char32_t part : kept) {
    if (rules_.lowercase) {
      append_lowercase(part, lower);
    } else {
      lower += part;
    }
  }
  const auto apart = [](char32_t part) { return is_whitespace(part) || is_bert_punctuation(part); };
  const bool several = lower.size() > 1;
  std::string text;
  for (const char32_t part : lower) append_utf8(part, text);
  const bool mixed = several && (ideograph || std::any_of(lower.begin(), lower.end(), apart));
  if (mixed || text.size() > result.text.size()) {
    result.kind = Kind::kMoving;
    return result;
  }
  std::copy(text.begin(), text.end(), result.text.begin());
  result.size = static_cast<uint8_t>(text.size());
  result.kind = is_whitespace(lower[0])                      ? Kind::kSpace
                : ideograph || is_bert_punctuation(lower[0]) ? Kind::kPunctuation
                                                             : Kind::kLetters;
  return result;
}

}  // namespace lathe
