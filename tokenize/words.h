// The BertPreTokenizer: words are what stands between whitespace; each punctuation mark is its own.
#pragma once

#include <string_view>

#include "tokenize/unicode.h"
#include "tokenize/utf8.h"

namespace lathe {

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

}  // namespace lathe
