#include "tokenize/vocabulary_trainer.h"

#include <gtest/gtest.h>

#include "base/file.h"
#include "base/json.h"
#include "tests/temporary_directory.h"

namespace lathe {
namespace {

using testing::error_of;
using Tokens = std::vector<std::string>;

std::unordered_map<std::string, int64_t> count(const std::string& text) {
  WordCounter counter({});
  counter.add(text);
  return counter.counts();
}

TEST(WordCounter, CountsNormalizedWords) {
  const auto counts =
      count("The café's the CAFÉ,the\n\n" + std::string(100, 'x') + " \u4e2d\u6587");
  EXPECT_EQ(counts.at("the"), 3);
  EXPECT_EQ(counts.at("cafe"), 2);
  EXPECT_EQ(counts.at("'"), 1);
  EXPECT_EQ(counts.at("s"), 1);
  EXPECT_EQ(counts.at(","), 1);
  EXPECT_EQ(counts.at("\u4e2d"), 1);
  EXPECT_EQ(counts.at(std::string(100, 'x')), 1);
  EXPECT_EQ(counts.size(), 8u);
}

// A word that lies across the windows in which a text is read is one word.
TEST(WordCounter, FindsWordsOfEveryLengthAnywhere) {
  std::string text;
  int64_t words = 0;
  for (; text.size() < 20'000; ++words) text += std::string(1 + words % 97, 'a') + " ";
  int64_t found = 0;
  for (const auto& [word, times] : count(text)) found += times;
  EXPECT_EQ(found, words);
  EXPECT_EQ(count("a " + std::string(10'000, 'b')).at(std::string(10'000, 'b')), 1);
  EXPECT_EQ(error_of([] { count("ab\xFF"); }), "not valid UTF-8 at byte 2");
}

TEST(TrainVocabulary, MergesTheMostFrequentPairFirst) {
  VocabularyOptions options;
  options.special_tokens = {"[UNK]"};
  EXPECT_EQ(train_vocabulary({{"ab", 5}, {"abc", 3}, {"bc", 4}}, options),
            (Tokens{"[UNK]", "a", "b", "c", "##b", "##c", "ab", "bc", "abc"}));
  options.vocab_size = 7;
  EXPECT_EQ(train_vocabulary({{"ab", 5}, {"abc", 3}, {"bc", 4}}, options).size(), 7u);
  options.min_frequency = 5;
  EXPECT_EQ(train_vocabulary({{"ab", 5}, {"abc", 3}, {"bc", 4}}, options).back(), "ab");
}

TEST(TrainVocabulary, TheRarestCharactersLeaveTheAlphabetAndTheWords) {
  VocabularyOptions options;
  options.special_tokens = {"[UNK]"};
  options.limit_alphabet = 2;
  EXPECT_EQ(train_vocabulary({{"axb", 2}}, options), (Tokens{"[UNK]", "a", "b", "##b", "ab"}));
}

TEST(TrainVocabulary, SaysWhenThereIsNoPlace) {
  VocabularyOptions options;
  options.vocab_size = 4;
  EXPECT_EQ(error_of([&] { train_vocabulary({}, options); }),
            "vocab_size 4 has no place for 5 special tokens");
}

// What tokenizers made of a text; tests/golden/make_vocabulary_golden.py says how. The order of its
// continuing characters, which differs from run to run there, is given.
TEST(TrainVocabulary, GivesWhatTokenizersGives) {
  const Json golden = read_json_file("tests/golden/vocabulary_golden.json");
  for (const Json& test : golden.find("tests")->as_array()) {
    VocabularyOptions options;
    options.vocab_size = test.find("vocab_size")->as_integer();
    options.min_frequency = test.find("min_frequency")->as_integer();
    const bool lowercase = test.find("lowercase")->as_bool();
    Tokens expected;
    for (const Json& token : test.find("tokens")->as_array()) {
      expected.push_back(token.as_string());
      const std::string& text = expected.back();
      const auto starts = [](char c) { return (static_cast<unsigned char>(c) & 0xC0) != 0x80; };
      if (text.starts_with("##") && std::count_if(text.begin(), text.end(), starts) == 3) {
        options.first_continuing.push_back(text);
      }
    }
    WordCounter counter({.strip_accents = lowercase, .lowercase = lowercase});
    counter.add(golden.find("text")->as_string());
    EXPECT_EQ(train_vocabulary(counter.counts(), options), expected) << options.vocab_size;
  }
}

}  // namespace
}  // namespace lathe
