#include "tokenize/unicode.h"

#include <utf8proc.h>

#include <algorithm>
#include <iterator>

#include "tokenize/utf8.h"

namespace lathe {

namespace {

struct Range {
  char32_t first, last;
};

template <std::size_t n>
bool contains(const Range (&ranges)[n], char32_t c) {
  const Range* after =
      std::upper_bound(std::begin(ranges), std::end(ranges), c,
                       [](char32_t value, const Range& r) { return value < r.first; });
  return after != std::begin(ranges) && c <= std::prev(after)->last;
}

// Marks, punctuation and format characters that Unicode 8.0 did not have. The ranges also run over
// letters, digits and unassigned places, whose category nobody asks for, wherever that makes them
// fewer.
constexpr Range kCategoryAfterUnicode8[] = {
    {0x61D, 0x61D},     {0x7FD, 0x7FD},     {0x890, 0x8E2},     {0x9FD, 0x9FE},
    {0xA76, 0xA76},     {0xAFA, 0xAFF},     {0xB55, 0xB55},     {0xC04, 0xC04},
    {0xC3C, 0xC3C},     {0xC77, 0xC77},     {0xC84, 0xC84},     {0xD00, 0xD00},
    {0xD3B, 0xD3C},     {0xD81, 0xD81},     {0xEBA, 0xEBA},     {0xECE, 0xECE},
    {0x180F, 0x1886},   {0x1ABF, 0x1AFF},   {0x1B4E, 0x1B4F},   {0x1B7D, 0x1B7F},
    {0x1DF6, 0x1DFB},   {0x2E43, 0x2E7F},   {0xA82C, 0xA82C},   {0xA8C5, 0xA8C5},
    {0xA8FF, 0xA8FF},   {0xA9BD, 0xA9BD},   {0x10D24, 0x10F89}, {0x11070, 0x11074},
    {0x110C2, 0x110CD}, {0x111CF, 0x111CF}, {0x1123E, 0x11241}, {0x1133B, 0x1133B},
    {0x11380, 0x113FF}, {0x11438, 0x1145E}, {0x11660, 0x1166C}, {0x116B9, 0x116B9},
    {0x1182F, 0x11FFF}, {0x12FF1, 0x13455}, {0x16100, 0x1613F}, {0x16D40, 0x16D7F},
    {0x16E97, 0x16F4F}, {0x16FE2, 0x16FE4}, {0x1CF00, 0x1CF46}, {0x1E000, 0x1E6FF},
    {0x1E944, 0x1E95F},
};

// Decompositions and combining classes that Unicode 9.0 did not have; widened likewise.
constexpr Range kDecompositionAfterUnicode9[] = {
    {0x7FD, 0x7FD},     {0x890, 0x8D3},     {0x9FE, 0x9FE},     {0xC3C, 0xC3C},
    {0xD3B, 0xD3C},     {0xEBA, 0xEBA},     {0x1715, 0x1715},   {0x1ABF, 0x1AFF},
    {0x1DF6, 0x1DFA},   {0xA82C, 0xA82C},   {0x105C0, 0x105FF}, {0x10D24, 0x10F85},
    {0x11070, 0x11070}, {0x1133B, 0x1133B}, {0x11380, 0x113FF}, {0x1145E, 0x1145E},
    {0x11839, 0x11A99}, {0x11D42, 0x11F42}, {0x16100, 0x1613F}, {0x16D40, 0x16D7F},
    {0x16FF0, 0x16FF1}, {0x1E08F, 0x1E6FF},
};

// Capitals that Unicode 16.0 and 17.0 added: each `step`-th of the range is `distance` before its
// small letter.
struct Capitals {
  char32_t first, last, step;
  int32_t distance;
};
constexpr Capitals kCapitalsAfterUnicode15[] = {
    {0x1C89, 0x1C89, 1, 1},      {0xA7CB, 0xA7CB, 1, 0x264 - 0xA7CB},
    {0xA7CC, 0xA7CE, 2, 1},      {0xA7D2, 0xA7D4, 2, 1},
    {0xA7DA, 0xA7DA, 1, 1},      {0xA7DC, 0xA7DC, 1, 0x19B - 0xA7DC},
    {0x10D50, 0x10D65, 1, 0x20}, {0x16EA0, 0x16EB8, 1, 0x1B},
};

// Word characters that the general category does not show: Other_Alphabetic symbols, Join_Control,
// and the letters, marks and digits of Unicode 15.1 and 16.0.
constexpr Range kOtherWordCharacters[] = {
    {0x897, 0x897},     {0x1C89, 0x1C8A},   {0x200C, 0x200D},   {0x24B6, 0x24E9},
    {0xA7CB, 0xA7CD},   {0xA7DA, 0xA7DC},   {0x105C0, 0x105F3}, {0x10D40, 0x10D65},
    {0x10D69, 0x10D6D}, {0x10D6F, 0x10D85}, {0x10EC2, 0x10EC4}, {0x10EFC, 0x10EFC},
    {0x11380, 0x11389}, {0x1138B, 0x1138B}, {0x1138E, 0x1138E}, {0x11390, 0x113B5},
    {0x113B7, 0x113C0}, {0x113C2, 0x113C2}, {0x113C5, 0x113C5}, {0x113C7, 0x113CA},
    {0x113CC, 0x113D3}, {0x113E1, 0x113E2}, {0x116D0, 0x116E3}, {0x11BC0, 0x11BE0},
    {0x11BF0, 0x11BF9}, {0x11F5A, 0x11F5A}, {0x13460, 0x143FA}, {0x16100, 0x16139},
    {0x16D40, 0x16D6C}, {0x16D70, 0x16D79}, {0x18CFF, 0x18CFF}, {0x1CCF0, 0x1CCF9},
    {0x1E5D0, 0x1E5FA}, {0x1F130, 0x1F149}, {0x1F150, 0x1F169}, {0x1F170, 0x1F189},
    {0x2EBF0, 0x2EE5D},
};

// CJK Unified Ideographs and its extensions A to E, and the compatibility ideographs. Extension E
// begins at U+2B820; tokenizers has 2B920, and a trained vocabulary has it that way too.
constexpr Range kIdeographs[] = {
    {0x3400, 0x4DBF},   {0x4E00, 0x9FFF},   {0xF900, 0xFAFF},   {0x20000, 0x2A6DF},
    {0x2A700, 0x2B81F}, {0x2B920, 0x2CEAF}, {0x2F800, 0x2FA1F},
};

int category(char32_t c) { return utf8proc_category(static_cast<utf8proc_int32_t>(c)); }

bool is_mark(int category) {
  return category == UTF8PROC_CATEGORY_MN || category == UTF8PROC_CATEGORY_MC ||
         category == UTF8PROC_CATEGORY_ME;
}

bool is_letter(int category) {
  return category >= UTF8PROC_CATEGORY_LU && category <= UTF8PROC_CATEGORY_LO;
}

}  // namespace

bool is_whitespace(char32_t c) {
  if (c <= 0x20) return c == 0x20 || (c >= 0x09 && c <= 0x0D);
  if (c < 0x1680) return c == 0x85 || c == 0xA0;
  return c == 0x1680 || (c >= 0x2000 && c <= 0x200A) || c == 0x2028 || c == 0x2029 || c == 0x202F ||
         c == 0x205F || c == 0x3000;
}

bool is_other(char32_t c) {
  const int found = category(c);
  if (found != UTF8PROC_CATEGORY_CC && found != UTF8PROC_CATEGORY_CF &&
      found != UTF8PROC_CATEGORY_CO) {
    return false;
  }
  return !contains(kCategoryAfterUnicode8, c);
}

bool is_nonspacing_mark(char32_t c) {
  if (c == 0x1734) return true;    // Mc since Unicode 14.0
  if (c == 0x111C9) return false;  // Po until Unicode 11.0
  return category(c) == UTF8PROC_CATEGORY_MN && !contains(kCategoryAfterUnicode8, c);
}

bool is_bert_punctuation(char32_t c) {
  if (c < 0x80) {
    const bool letter = (c | 0x20) >= 'a' && (c | 0x20) <= 'z';
    return c > 0x20 && c < 0x7F && !letter && !(c >= '0' && c <= '9');
  }
  if (c == 0x166D || c == 0x111C9) return true;  // So since Unicode 12.0, Mn since Unicode 11.0
  const int found = category(c);
  return found >= UTF8PROC_CATEGORY_PC && found <= UTF8PROC_CATEGORY_PO &&
         !contains(kCategoryAfterUnicode8, c);
}

bool is_cjk_ideograph(char32_t c) { return c >= 0x3400 && contains(kIdeographs, c); }

bool is_word_character(char32_t c) {
  const int found = category(c);
  return is_letter(found) || is_mark(found) || found == UTF8PROC_CATEGORY_ND ||
         found == UTF8PROC_CATEGORY_NL || found == UTF8PROC_CATEGORY_PC ||
         contains(kOtherWordCharacters, c);
}

std::size_t leading_whitespace(std::string_view text) {
  std::size_t end = 0;
  for (std::size_t position = 0; position < text.size(); end = position) {
    if (!is_whitespace(next_code_point(text, position))) break;
  }
  return end;
}

std::size_t trailing_whitespace(std::string_view text) {
  std::size_t begin = text.size();
  for (std::size_t position = begin; position > 0; begin = position) {
    if (!is_whitespace(previous_code_point(text, position))) break;
  }
  return text.size() - begin;
}

int combining_class(char32_t c) {
  if (c < 0x300) return 0;
  const int found = utf8proc_get_property(static_cast<utf8proc_int32_t>(c))->combining_class;
  return found != 0 && contains(kDecompositionAfterUnicode9, c) ? 0 : found;
}

void append_decomposition(char32_t c, std::u32string& out) {
  constexpr utf8proc_ssize_t kLongest = 8;  // no canonical decomposition has more than 4 characters
  utf8proc_int32_t buffer[kLongest];
  int boundary = 0;
  utf8proc_ssize_t length = 0;
  if (c >= 0xC0 && !contains(kDecompositionAfterUnicode9, c)) {
    length = utf8proc_decompose_char(static_cast<utf8proc_int32_t>(c), buffer, kLongest,
                                     UTF8PROC_DECOMPOSE, &boundary);
  }
  if (length <= 1) {
    out += length == 1 ? static_cast<char32_t>(buffer[0]) : c;
  } else {
    for (utf8proc_ssize_t i = 0; i < length; ++i) out += static_cast<char32_t>(buffer[i]);
  }
}

void append_lowercase(char32_t c, std::u32string& out) {
  if (c == 0x130) {  // the only one whose full lower case is longer than its simple one
    out += U"i\u0307";
    return;
  }
  for (const Capitals& range : kCapitalsAfterUnicode15) {
    if (c < range.first || c > range.last || (c - range.first) % range.step != 0) continue;
    out += static_cast<char32_t>(static_cast<int32_t>(c) + range.distance);
    return;
  }
  out += static_cast<char32_t>(utf8proc_tolower(static_cast<utf8proc_int32_t>(c)));
}

}  // namespace lathe
