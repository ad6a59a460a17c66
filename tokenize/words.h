// Pre-tokenizers: what the words of a text are.
#pragma once

#include <string_view>

#include "tokenize/unicode.h"
#include "tokenize/utf8.h"

namespace lathe {

// The BertPreTokenizer: words are what stands between whitespace; each punctuation mark is its own.
// Calls visit(begin, end) with the bytes of each word of text[begin, end), in their order.
template <class Visit>
void for_each_word(std::string_view text, std::size_t begin, std::size_t end, const Visit& visit) {
  std::size_t word = begin;  // where the word that is being read begins
  for (std::size_t at = begin; at < end;) {
    const std::size_t here = at;
    const char32_t c = next_code_point(text, at);
    const bool punctuation = is_bert_punctuation(c);
    if (!punctuation && !is_whitespace(c)) continue;
    if (word < here) visit(word, here);
    if (punctuation) visit(here, at);
    word = at;
  }
  if (word < end) visit(word, end);
}

// The Whitespace pre-tokenizer, \w+|[^\w\s]+: word characters make words, and so does what is
// neither word character nor whitespace.
template <class Visit>
void for_each_whitespace_word(std::string_view text, std::size_t begin, std::size_t end,
                              const Visit& visit) {
  enum Kind { kSpace, kWord, kOther } open = kSpace;
  std::size_t word = begin;
  for (std::size_t at = begin; at < end;) {
    const std::size_t here = at;
    const char32_t c = next_code_point(text, at);
    const Kind kind = is_whitespace(c) ? kSpace : is_word_character(c) ? kWord : kOther;
    if (kind == open) continue;
    if (open != kSpace) visit(word, here);
    word = here;
    open = kind;
  }
  if (open != kSpace) visit(word, end);
}

}  // namespace lathe
