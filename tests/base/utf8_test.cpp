#include "base/utf8.h"

#include <gtest/gtest.h>

#include <cstdint>
#include <string>

namespace lathe {
namespace {

std::string encoded(uint32_t code) {
  const auto byte = [](uint32_t value) {
    return static_cast<char>(static_cast<unsigned char>(value));
  };
  if (code < 0x80) return {byte(code)};
  if (code < 0x800) return {byte(0xC0 | code >> 6), byte(0x80 | (code & 63))};
  if (code < 0x10000) {
    return {byte(0xE0 | code >> 12), byte(0x80 | (code >> 6 & 63)), byte(0x80 | (code & 63))};
  }
  return {byte(0xF0 | code >> 18), byte(0x80 | (code >> 12 & 63)), byte(0x80 | (code >> 6 & 63)),
          byte(0x80 | (code & 63))};
}

TEST(Utf8, EveryCodePointIsValidExceptSurrogates) {
  for (uint32_t code = 0; code < 0x120000; ++code) {
    const bool valid = code < 0x110000 && (code < 0xD800 || code > 0xDFFF);
    ASSERT_EQ(is_valid_utf8(encoded(code)), valid) << std::hex << code;
  }
}

TEST(Utf8, OverlongAndBrokenSequencesAreNot) {
  for (const char* text :
       {"\x80", "\xBF", "\xC0\x80", "\xC1\xBF", "\xC2", "\xC2\x41", "\xE0\x80\x80", "\xE0\x9F\xBF",
        "\xE2\x82", "\xE2\x82\x41", "\xF0\x80\x80\x80", "\xF0\x8F\xBF\xBF", "\xF0\x90\x80",
        "\xF4\x90\x80\x80", "\xF5\x80\x80\x80", "\xFE", "\xFF"}) {
    EXPECT_EQ(valid_utf8_prefix(text), 0u);
  }
}

TEST(Utf8, FindsTheFirstBadByteAtEveryPlace) {
  for (std::size_t place = 0; place < 100; ++place) {
    std::string text(100, 'a');
    EXPECT_EQ(valid_utf8_prefix(text), 100u);
    text[place] = '\xC3';
    EXPECT_EQ(valid_utf8_prefix(text), place);
    if (place + 1 == text.size()) break;
    text[place + 1] = '\xA9';
    EXPECT_EQ(valid_utf8_prefix(text), 100u);
  }
}

// What Python's bytes.decode("utf-8", "replace") gives.
TEST(Utf8, ReplacesEachBrokenSequenceByOneCharacter) {
  const std::pair<const char*, const char*> cases[] = {
      {"", ""},
      {"a\u00e9\u4e2d\U0001f600", "a\u00e9\u4e2d\U0001f600"},
      {"a\x80z", "a\ufffdz"},
      {"\xC3", "\ufffd"},
      {"\xC0\xAF", "\ufffd\ufffd"},
      {"\xE2\x82", "\ufffd"},
      {"\xE2\x82z", "\ufffdz"},
      {"\xE0\x80\x80", "\ufffd\ufffd\ufffd"},
      {"\xED\xA0\x80", "\ufffd\ufffd\ufffd"},
      {"\xF0\x9F\x98", "\ufffd"},
      {"\xF0\x9Fz", "\ufffdz"},
      {"\xF0\x8F\xBF\xBF", "\ufffd\ufffd\ufffd\ufffd"},
      {"\xF4\x90\x80\x80", "\ufffd\ufffd\ufffd\ufffd"},
      {"\xF5\x80", "\ufffd\ufffd"},
      {"\xC3\xC3\xA9\xFF", "\ufffd\u00e9\ufffd"},
  };
  for (const auto& [text, expected] : cases) EXPECT_EQ(replace_invalid_utf8(text), expected);
}

}  // namespace
}  // namespace lathe
