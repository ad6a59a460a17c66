#include "tokenize/word_piece.h"

#include <gtest/gtest.h>

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

// Enough tokens for long runs in the table, found by both kinds of search.
TEST(Vocabulary, FindsThousandsOfTokens) {
  std::vector<std::string> tokens;
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
