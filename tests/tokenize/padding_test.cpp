#include "tokenize/padding.h"

#include <gtest/gtest.h>

#include "tests/temporary_directory.h"

namespace lathe {
namespace {

using Ids = std::vector<int32_t>;
using Bytes = std::vector<uint8_t>;

EncodedBatch two_rows() {
  EncodedBatch batch;
  batch.row_begins = {0, 3, 4};
  batch.input_ids = {5, 6, 7, 8};
  batch.token_type_ids = {0, 1, 1, 0};
  return batch;
}

TEST(Padding, FillsUpToTheLongestRow) {
  const PaddedBatch padded = pad(two_rows(), {.pad_id = 9});
  EXPECT_EQ(padded.width, 3);
  EXPECT_EQ(padded.input_ids, (Ids{5, 6, 7, 8, 9, 9}));
  EXPECT_EQ(padded.token_type_ids, (Bytes{0, 1, 1, 0, 0, 0}));
  EXPECT_EQ(padded.attention_mask, (Bytes{1, 1, 1, 1, 0, 0}));
}

TEST(Padding, OnTheLeft) {
  EXPECT_EQ(pad(two_rows(), {.left = true}).input_ids, (Ids{5, 6, 7, 0, 0, 8}));
}

TEST(Padding, ToALengthAndToAMultiple) {
  EXPECT_EQ(pad(two_rows(), {.length = 5}).width, 5);
  EXPECT_EQ(pad(two_rows(), {.multiple_of = 8}).width, 8);
  EXPECT_EQ(pad(two_rows(), {.length = 5, .multiple_of = 4}).width, 8);
  EXPECT_EQ(pad(two_rows(), {.multiple_of = 3}).width, 3);
  EXPECT_EQ(testing::error_of([] { pad(two_rows(), {.length = 2}); }),
            "row 0 has 3 tokens, more than the length to pad to, 2");
}

}  // namespace
}  // namespace lathe
