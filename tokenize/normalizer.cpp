#include "tokenize/normalizer.h"

#include <algorithm>
#include <utility>

#include "tokenize/unicode.h"
#include "tokenize/utf8.h"

namespace lathe {

namespace {

bool is_line_control(char32_t c) { return c == '\t' || c == '\n' || c == '\r'; }

struct Decomposed {
  int combining_class;
  char32_t character;
  bool opens;
};

// Unicode's canonical order: between starters, marks in the order of their classes.
void order_canonically(std::vector<Decomposed>& characters) {
  auto begin = characters.begin();
  while (begin != characters.end()) {
    if (begin->combining_class == 0) {
      ++begin;
      continue;
    }
    const auto end = std::find_if(begin, characters.end(),
                                  [](const Decomposed& d) { return d.combining_class == 0; });
    std::stable_sort(begin, end, [](const Decomposed& a, const Decomposed& b) {
      return a.combining_class < b.combining_class;
    });
    begin = end;
  }
}

}  // namespace

const NormalizedText& Normalizer::normalize(std::string_view source, int32_t first) {
  first_ = first;
  text_.clear();
  origin_.clear();
  for (std::size_t position = 0; position < source.size(); ++first) {
    text_ += next_code_point(source, position);
    origin_.push_back({first, first + 1});
  }
  if (rules_.clean_text) clean();
  if (rules_.handle_chinese_chars) space_ideographs();
  if (rules_.strip_accents) {
    decompose();
    strip_marks();
  }
  if (rules_.lowercase) lower();

  result_.text.clear();
  result_.origin.clear();
  for (std::size_t i = 0; i < text_.size(); ++i) {
    append_utf8(text_[i], result_.text);
    result_.origin.resize(result_.text.size(), origin_[i]);
  }
  return result_;
}

void Normalizer::swap_in() {
  std::swap(text_, next_text_);
  std::swap(origin_, next_origin_);
  next_text_.clear();
  next_origin_.clear();
}

void Normalizer::clean() {
  for (std::size_t i = 0; i < text_.size(); ++i) {
    char32_t c = text_[i];
    if (is_line_control(c)) c = ' ';
    if (c == 0 || c == 0xFFFD || is_other(c)) continue;
    next_text_ += is_whitespace(c) ? U' ' : c;
    next_origin_.push_back(origin_[i]);
  }
  swap_in();
}

void Normalizer::space_ideographs() {
  for (std::size_t i = 0; i < text_.size(); ++i) {
    const bool ideograph = is_cjk_ideograph(text_[i]);
    if (ideograph) next_text_ += U' ';
    next_text_ += text_[i];
    if (ideograph) next_text_ += U' ';
    next_origin_.resize(next_text_.size(), origin_[i]);
  }
  swap_in();
}

// Reordered marks do not take their origins along: tokenizers hands the origins out by position,
// one to each character that is the first of a decomposition, and the one before to the others.
void Normalizer::decompose() {
  std::vector<Decomposed> characters;
  characters.reserve(text_.size());
  std::u32string parts;
  for (const char32_t c : text_) {
    parts.clear();
    append_decomposition(c, parts);
    for (std::size_t i = 0; i < parts.size(); ++i) {
      characters.push_back({combining_class(parts[i]), parts[i], i == 0});
    }
  }
  order_canonically(characters);

  std::size_t opened = 0;
  for (const Decomposed& d : characters) {
    if (d.opens) ++opened;
    next_text_ += d.character;
    next_origin_.push_back(opened == 0 ? TokenOffset{first_, first_} : origin_[opened - 1]);
  }
  swap_in();
}

void Normalizer::strip_marks() {
  for (std::size_t i = 0; i < text_.size(); ++i) {
    if (is_nonspacing_mark(text_[i])) continue;
    next_text_ += text_[i];
    next_origin_.push_back(origin_[i]);
  }
  swap_in();
}

void Normalizer::lower() {
  for (std::size_t i = 0; i < text_.size(); ++i) {
    append_lowercase(text_[i], next_text_);
    next_origin_.resize(next_text_.size(), origin_[i]);
  }
  swap_in();
}

}  // namespace lathe
