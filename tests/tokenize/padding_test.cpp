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
  batch.offsets = {{0, 0}, {0, 1}, {1, 2}, {0, 4}};
  batch.special_tokens_mask = {1, 0, 0, 0};
  return batch;
}

EncodedBatch padded_rows(const PadOptions& padding) {
  EncodeOptions options{.padding = padding};
  options.return_offsets = options.return_special_tokens_mask = true;
  return padded(two_rows(), options);
}

TEST(Padding, FillsEveryColumnUpToTheLongestRow) {
  const EncodedBatch batch = padded_rows({.pad_id = 9, .pad_type = 2});
  EXPECT_EQ(batch.row_begins, (std::vector<int64_t>{0, 3, 6}));
  EXPECT_EQ(batch.input_ids, (Ids{5, 6, 7, 8, 9, 9}));
  EXPECT_EQ(batch.token_type_ids, (Bytes{0, 1, 1, 0, 2, 2}));
  EXPECT_EQ(batch.attention_mask, (Bytes{1, 1, 1, 1, 0, 0}));
  EXPECT_EQ(batch.special_tokens_mask, (Bytes{1, 0, 0, 0, 1, 1}));
  EXPECT_EQ(batch.offsets[3], (TokenOffset{0, 4}));
  EXPECT_EQ(batch.offsets[5], (TokenOffset{0, 0}));
  EXPECT_TRUE(batch.word_ids.empty());
}

TEST(Padding, OnTheLeft) {
  const EncodedBatch batch = padded_rows({.left = true});
  EXPECT_EQ(batch.input_ids, (Ids{5, 6, 7, 0, 0, 8}));
  EXPECT_EQ(batch.attention_mask, (Bytes{1, 1, 1, 0, 0, 1}));
}

TEST(Padding, ToALengthAndToAMultiple) {
  EXPECT_EQ(padded_length(3, {}), 3);
  EXPECT_EQ(padded_length(3, {.length = 5}), 5);
  EXPECT_EQ(padded_length(3, {.multiple_of = 8}), 8);
  EXPECT_EQ(padded_length(3, {.length = 5, .multiple_of = 4}), 8);
  EXPECT_EQ(padded_length(3, {.multiple_of = 3}), 3);
  EXPECT_EQ(padded_length(0, {.multiple_of = 3}), 0);
  testing::error_of([] { padded_length(3, {.length = -1}); });
}

TEST(Padding, LeavesALongerRowAsItIs) {
  const EncodedBatch batch = padded_rows({.length = 2});
  EXPECT_EQ(batch.row_begins, (std::vector<int64_t>{0, 3, 5}));
  EXPECT_EQ(batch.input_ids, (Ids{5, 6, 7, 8, 0}));
}

}  // namespace
}  // namespace lathe
