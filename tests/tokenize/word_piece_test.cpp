#include "tokenize/word_piece.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <random>

#include "tokenize/longest_match.h"
#include "tokenize/vocabulary.h"

namespace lathe {
namespace {

const std::vector<std::string> kTokens = {"[UNK]", "un",  "##aff", "##able", "##a", "unable",
                                          "é",     "##é", "",      "##",     "ing", "##ffab"};

class WordPieceTest : public ::testing::Test {
 protected:
  std::vector<int32_t> ids(std::string_view word, int64_t max_chars = 100) {
    std::vector<WordPiece::Piece> pieces;
    WordPiece(vocabulary_, 0, max_chars).split(word, pieces);
    std::vector<int32_t> found;
    found.reserve(pieces.size());
    for (const WordPiece::Piece& piece : pieces) found.push_back(piece.id);
    EXPECT_EQ(pieces.back().end, static_cast<int32_t>(word.size()));
    return found;
  }

  Vocabulary vocabulary_{kTokens, "##"};
};

using Ids = std::vector<int32_t>;

TEST_F(WordPieceTest, TakesTheLongestTokenAtEachPlace) {
  EXPECT_EQ(ids("unaffable"), (Ids{1, 2, 3}));
  EXPECT_EQ(ids("unable"), (Ids{5}));
  EXPECT_EQ(ids("una"), (Ids{1, 4}));
}

// "un ##a ##ffab…" would begin another way, but greed is the rule.
TEST_F(WordPieceTest, NeverGoesBack) { EXPECT_EQ(ids("unaffab"), (Ids{0})); }

TEST_F(WordPieceTest, OpeningAndContinuingTokensAreApart) {
  EXPECT_EQ(ids("uning"), (Ids{0}));  // "ing" only opens a word
  EXPECT_EQ(ids("able"), (Ids{0}));   // "##able" only continues one
  EXPECT_EQ(ids("unéé"), (Ids{1, 7, 7}));
}

TEST_F(WordPieceTest, CountsCharactersNotBytes) {
  EXPECT_EQ(ids("éééé", 4), (Ids{6, 7, 7, 7}));
  EXPECT_EQ(ids("éééé", 3), (Ids{0}));
}

TEST_F(WordPieceTest, FindsEveryTokenByItsText) {
  for (std::size_t i = 0; i < kTokens.size(); ++i) {
    const auto found = vocabulary_.id(kTokens[i]);
    if (kTokens[i].empty()) {
      EXPECT_FALSE(found);
    } else {
      EXPECT_EQ(found, static_cast<int32_t>(i)) << kTokens[i];
    }
  }
  EXPECT_FALSE(vocabulary_.id("aff"));
}

// ---- the one-pass match against the plain search ---------------------------------------------

// Words and vocabularies over few letters, so that links of every kind come up.
TEST(LongestMatch, SpellsEveryWordAsWordPieceDoes) {
  std::mt19937 random(7);
  const auto below = [&](std::size_t limit) { return random() % limit; };
  const auto letters = [&](std::size_t most) {
    static const std::string kinds[] = {"a", "b", "c", "é", "中"};
    const std::size_t alphabet = 1 + below(5);
    std::string text;
    for (std::size_t n = 1 + below(most); n > 0; --n) text += kinds[below(alphabet)];
    return text;
  };
  for (int round = 0; round < 400; ++round) {
    const std::string prefix = round % 3 == 0 ? "" : round % 3 == 1 ? "##" : "a";
    std::vector<std::string> tokens{"[UNK]", prefix};
    for (std::size_t n = below(60); n > 0; --n) {
      tokens.push_back((below(2) == 0 ? prefix : "") + letters(1 + below(8)));
    }
    std::sort(tokens.begin() + 1, tokens.end());
    tokens.erase(std::unique(tokens.begin(), tokens.end()), tokens.end());
    const auto max_chars = static_cast<int64_t>(1 + below(30));
    const Vocabulary vocabulary(tokens, prefix);
    const WordPiece plain(vocabulary, 0, max_chars);
    const LongestMatch fast(tokens, prefix, 0, max_chars);
    std::vector<WordPiece::Piece> expected, found;
    for (int i = 0; i < 100; ++i) {
      const std::string word = letters(32);
      plain.split(word, expected);
      found.clear();
      fast.append(word, found);
      ASSERT_EQ(found.size(), expected.size()) << word;
      for (std::size_t j = 0; j < found.size(); ++j) {
        ASSERT_EQ(found[j].id, expected[j].id) << word;
        ASSERT_EQ(found[j].end, expected[j].end) << word;
      }
    }
  }
}

// What is certain after n bytes of a^n is n - 1 tokens: kept whole for every n it would be n².
TEST(LongestMatch, ALongTokenTakesLinearMemory) {
  const std::string a(200'000, 'a');
  std::vector<WordPiece::Piece> pieces;
  LongestMatch({"[UNK]", "a", "##a", a}, "##", 0, 1'000'000).append(a + "a", pieces);
  ASSERT_EQ(pieces.size(), 2u);
  EXPECT_EQ(pieces[0].id, 3);
  EXPECT_EQ(pieces[1].id, 2);
}

// Enough tokens for long runs in the table, found by both kinds of search.
TEST(Vocabulary, FindsThousandsOfTokens) {
  std::vector<std::string> tokens;
  tokens.reserve(20000);
  for (int i = 0; i < 20000; ++i) tokens.push_back((i % 2 ? "##" : "") + std::to_string(i));
  const Vocabulary vocabulary(tokens, "##");
  for (int32_t i = 0; i < 20000; ++i) {
    const std::string key = std::to_string(i);
    const Vocabulary::Match match = vocabulary.longest_prefix(key + "x", i % 2 == 1);
    ASSERT_EQ(match.id, i);
    ASSERT_EQ(match.length, key.size());
  }
  EXPECT_EQ(vocabulary.longest_prefix("x1", false).id, -1);
  EXPECT_EQ(vocabulary.longest_prefix("", true).id, -1);
}

}  // namespace
}  // namespace lathe
