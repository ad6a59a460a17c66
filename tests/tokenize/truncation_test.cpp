#include "tokenize/truncation.h"

#include <gtest/gtest.h>

#include "tests/temporary_directory.h"
#include "tokenize/windows.h"

namespace lathe {
namespace {

using testing::error_of;
using Lengths = std::pair<int64_t, int64_t>;

Lengths longest_first(int64_t first, int64_t second, int64_t room) {
  const TextLengths kept = truncated({first, second}, true, room, Truncation::kLongestFirst);
  return {kept.first, kept.second};
}

TEST(TruncationTest, LongestFirst) {
  EXPECT_EQ(longest_first(3, 4, 7), Lengths(3, 4));
  EXPECT_EQ(longest_first(2, 9, 7), Lengths(2, 5));
  EXPECT_EQ(longest_first(9, 2, 7), Lengths(5, 2));
  EXPECT_EQ(longest_first(9, 5, 7), Lengths(4, 3));  // the odd token stays with the longer text
  EXPECT_EQ(longest_first(5, 9, 7), Lengths(3, 4));
  EXPECT_EQ(longest_first(9, 9, 7), Lengths(3, 4));  // on a tie with the second
  EXPECT_EQ(longest_first(9, 9, 1), Lengths(0, 1));
  EXPECT_EQ(longest_first(9, 9, 0), Lengths(0, 0));
  EXPECT_EQ(longest_first(0, 9, 4), Lengths(0, 4));
}

TEST(TruncationTest, OneTextGivesUpAllButOneToken) {
  EXPECT_EQ(truncated({5, 3}, true, 4, Truncation::kOnlyFirst).first, 1);
  EXPECT_EQ(truncated({3, 5}, true, 4, Truncation::kOnlySecond).second, 1);
  EXPECT_NE(error_of([] {
              truncated({5, 3}, true, 3, Truncation::kOnlyFirst);
            }).find("only_first"),
            std::string::npos);
  EXPECT_NE(error_of([] {
              truncated({5, 0}, false, 3, Truncation::kOnlySecond);
            }).find("only_second of a single text"),
            std::string::npos);
}

std::vector<Lengths> cut(int64_t total, int64_t length, int64_t stride, bool from_right = false) {
  std::vector<Lengths> found;
  for (const Window& w : windows(total, length, stride, from_right))
    found.emplace_back(w.begin, w.end);
  return found;
}

TEST(WindowsTest, OverlapByStride) {
  EXPECT_EQ(cut(7, 7, 0), (std::vector<Lengths>{{0, 7}}));
  EXPECT_EQ(cut(7, 3, 0), (std::vector<Lengths>{{0, 3}, {3, 6}, {6, 7}}));
  EXPECT_EQ(cut(7, 3, 1), (std::vector<Lengths>{{0, 3}, {2, 5}, {4, 7}}));
  EXPECT_EQ(cut(7, 3, 1, true), (std::vector<Lengths>{{4, 7}, {2, 5}, {0, 3}}));
  EXPECT_EQ(cut(8, 3, 1, true), (std::vector<Lengths>{{5, 8}, {3, 6}, {1, 4}, {0, 2}}));
  EXPECT_EQ(cut(2, 0, 0), (std::vector<Lengths>{{0, 0}, {0, 2}}));
  EXPECT_NE(error_of([] { windows(7, 3, 3, false); }).find("stride 3"), std::string::npos);
}

}  // namespace
}  // namespace lathe
