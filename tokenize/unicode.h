// What BERT's tokenizer asks of Unicode, answered as tokenizers 0.23 answers it.
//
// That program reads tables of several ages: general categories of Unicode 8.0, canonical
// decompositions and combining classes of 9.0, lower case and word characters of 16.0 and 17.0. An
// answer is part of what a vocabulary means, so these functions give the same one whatever the age
// of the utf8proc that is linked: what has come or changed since is in small tables of unicode.cpp.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace lathe {

bool is_whitespace(char32_t c);       // White_Space
bool is_other(char32_t c);            // categories Cc, Cf, Co; not the unassigned ones
bool is_nonspacing_mark(char32_t c);  // category Mn
bool is_bert_punctuation(
    char32_t c);                    // categories P*, and all ASCII that is neither letter nor digit
bool is_cjk_ideograph(char32_t c);  // the blocks that the normalizer puts spaces around
bool is_word_character(char32_t c);  // \w of a regular expression

// Bytes of whitespace at an end of `text`, which is valid UTF-8.
std::size_t leading_whitespace(std::string_view text);
std::size_t trailing_whitespace(std::string_view text);

int combining_class(char32_t c);  // canonical; 0 for starters

// Appends the full canonical decomposition of `c`: itself where it has none.
void append_decomposition(char32_t c, std::u32string& out);

// Appends the lower case of `c`, which looks at no neighbour: Σ is always σ. Two characters for İ.
void append_lowercase(char32_t c, std::u32string& out);

}  // namespace lathe
