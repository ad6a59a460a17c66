// Parity with tokenizers 0.23: tests/golden/make_tokenizer_golden.py says how the files were made.
#include <gtest/gtest.h>

#include <cstdlib>

#include "base/error.h"
#include "base/file.h"
#include "base/json.h"
#include "tests/temporary_directory.h"
#include "tokenize/normalizer.h"
#include "tokenize/tokenizer.h"
#include "tokenize/unicode.h"
#include "tokenize/utf8.h"

namespace lathe {
namespace {

constexpr char kGolden[] = "tests/golden/";

std::string test_data() {
  const char* stated = std::getenv("LATHE_TEST_DATA");
  return stated != nullptr ? stated : "../shared/data";
}

EncodeOptions options_of(const Json& test) {
  EncodeOptions options{.return_offsets = true};
  if (const Json* length = test.find("max_length")) options.max_length = length->as_integer();
  if (const Json* stride = test.find("stride")) options.stride = stride->as_integer();
  if (const Json* name = test.find("truncation")) {
    options.truncation = name->as_string() == "only_first"    ? Truncation::kOnlyFirst
                         : name->as_string() == "only_second" ? Truncation::kOnlySecond
                                                              : Truncation::kLongestFirst;
  }
  return options;
}

std::vector<Encoding> encode(const Tokenizer& tokenizer, const Json& test) {
  const std::string& text = test.find("text")->as_string();
  const Json* pair = test.find("pair");
  const EncodeOptions options = options_of(test);
  if (test.find("stride") != nullptr) {
    return pair == nullptr ? tokenizer.encode_windows(text, options)
                           : tokenizer.encode_windows(text, pair->as_string(), options);
  }
  return {pair == nullptr ? tokenizer.encode(text, options)
                          : tokenizer.encode(text, pair->as_string(), options)};
}

Json to_json(const std::vector<Encoding>& encodings) {
  Json windows = Json::array();
  for (const Encoding& encoding : encodings) {
    Json ids = Json::array(), types = Json::array(), places = Json::array();
    for (const int32_t id : encoding.input_ids) ids.push_back(id);
    for (const int32_t type : encoding.token_type_ids) types.push_back(type);
    for (const TokenOffset& offset : encoding.offsets) {
      places.push_back(offset.begin);
      places.push_back(offset.end);
    }
    windows.push_back(Json::Array{ids, types, places});
  }
  return windows;
}

void expect_parity(const Tokenizer& tokenizer, const std::string& name) {
  static const Json golden = read_json_file(std::string(kGolden) + "tokenizer_golden.json");
  const Json::Array& tests = golden.find(name)->as_array();
  ASSERT_GT(tests.size(), 20u);
  for (const Json& test : tests) {
    Json found;  // null where the tokenizer refuses
    try {
      found = to_json(encode(tokenizer, test));
    } catch (const Error&) {
    }
    EXPECT_EQ(found.dump(), test.find("windows")->dump()) << test.dump();
  }
}

TEST(TokenizerGolden, TinyVocabulary) {
  expect_parity(Tokenizer::load(std::string(kGolden) + "tokenizer_tiny"), "tokenizer_tiny");
}

TEST(TokenizerGolden, AddedTokensOfEveryKind) {
  expect_parity(Tokenizer::load(std::string(kGolden) + "tokenizer_added"), "tokenizer_added");
}

TEST(TokenizerGolden, SavedTokenizersGiveTheSame) {
  for (const std::string name : {"tokenizer_tiny", "tokenizer_added"}) {
    const testing::TemporaryDirectory directory;
    Tokenizer::load(kGolden + name).save(directory.path());
    expect_parity(Tokenizer::load(directory.path()), name);
  }
}

class Vocabularies : public ::testing::TestWithParam<const char*> {};

TEST_P(Vocabularies, Parity) {
  const std::string name = GetParam();
  const std::string vocabulary = test_data() + "/vocab/" + name + ".vocab.txt";
  if (!file_exists(vocabulary)) GTEST_SKIP() << vocabulary << " is not there";
  const testing::TemporaryDirectory directory;
  write_file(directory.file("vocab.txt"), read_file(vocabulary));
  write_file(directory.file("tokenizer_config.json"),
             name.ends_with("-cased") ? "{\"do_lower_case\": false}" : "{}");
  expect_parity(Tokenizer::load(directory.path()), name);
}

INSTANTIATE_TEST_SUITE_P(TokenizerGolden, Vocabularies,
                         ::testing::Values("bert-base-uncased", "bert-base-cased",
                                           "bert-base-multilingual-cased", "bert-base-chinese"));

// ---- every character of Unicode --------------------------------------------------------------

constexpr char32_t kBlock = 0x1000;

class Checksum {  // FNV-1a over lines
 public:
  void add(const std::string& line) {
    if (!first_) add_byte('\n');
    first_ = false;
    for (const char c : line) add_byte(c);
  }
  std::string hex() const {
    char text[17];
    std::snprintf(text, sizeof text, "%016llx", static_cast<unsigned long long>(value_));
    return text;
  }

 private:
  void add_byte(char c) { value_ = (value_ ^ static_cast<unsigned char>(c)) * 0x100000001B3; }
  uint64_t value_ = 0xCBF29CE484222325;
  bool first_ = true;
};

std::string cut_apart(char32_t c) {
  std::string out = "a";
  if (is_bert_punctuation(c)) out += '|';
  if (is_whitespace(c)) {
    out += '|';
  } else {
    append_utf8(c, out);
  }
  if (is_bert_punctuation(c)) out += '|';
  return out + "b";
}

std::string normalized(Normalizer& normalizer, char32_t c) {
  std::string text = "a";
  append_utf8(c, text);
  text += "\u1b44\u302e";
  append_utf8(c, text);
  return normalizer.normalize(text, 0).text;
}

// Calls `line_of` for each character of each block that the golden has.
template <class LineOf>
void expect_checksums(const std::string& what, const LineOf& line_of) {
  static const Json golden = read_json_file(std::string(kGolden) + "tokenizer_characters.json");
  for (const auto& [block, expected] : golden.find(what)->as_object()) {
    const char32_t first = static_cast<char32_t>(std::stoul(block)) * kBlock;
    Checksum checksum;
    for (char32_t c = first; c < first + kBlock; ++c) {
      if (c < 0xD800 || c >= 0xE000) checksum.add(line_of(c));
    }
    EXPECT_EQ(checksum.hex(), expected.as_string())
        << what << " differs for a character from " << std::hex << static_cast<uint32_t>(first)
        << " on";
  }
}

TEST(TokenizerCharacters, CutIntoWordsAsTokenizersDoes) { expect_checksums("words", cut_apart); }

TEST(TokenizerCharacters, NormalizedAsTokenizersDoes) {
  const NormalizerRules none{false, false, false, false};
  for (const std::string rule :
       {"clean_text", "handle_chinese_chars", "strip_accents", "lowercase"}) {
    NormalizerRules rules = none;
    rules.clean_text = rule == "clean_text";
    rules.handle_chinese_chars = rule == "handle_chinese_chars";
    rules.strip_accents = rule == "strip_accents";
    rules.lowercase = rule == "lowercase";
    Normalizer normalizer(rules);
    expect_checksums(rule, [&](char32_t c) { return normalized(normalizer, c); });
  }
}

}  // namespace
}  // namespace lathe
