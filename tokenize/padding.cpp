#include "tokenize/padding.h"

#include <algorithm>

#include "base/error.h"

namespace lathe {

PaddedBatch pad(const EncodedBatch& batch, const PadOptions& options) {
  if (options.length < 0 || options.multiple_of < 0) fail("a padded length cannot be negative");
  PaddedBatch padded;
  padded.rows = batch.rows();
  padded.width = options.length;
  for (std::size_t row = 0; row + 1 < batch.row_begins.size(); ++row) {
    const int64_t length = batch.row_begins[row + 1] - batch.row_begins[row];
    if (options.length > 0 && length > options.length) {
      fail("row ", row, " has ", length, " tokens, more than the length to pad to, ",
           options.length);
    }
    padded.width = std::max(padded.width, length);
  }
  if (const int64_t of = options.multiple_of; of > 0)
    padded.width = (padded.width + of - 1) / of * of;

  const auto size = static_cast<std::size_t>(padded.rows * padded.width);
  padded.input_ids.assign(size, options.pad_id);
  padded.token_type_ids.assign(size, 0);
  padded.attention_mask.assign(size, 0);
  for (int64_t row = 0; row < padded.rows; ++row) {
    const int64_t begin = batch.row_begins[static_cast<std::size_t>(row)];
    const int64_t length = batch.row_begins[static_cast<std::size_t>(row) + 1] - begin;
    const int64_t to = row * padded.width + (options.left ? padded.width - length : 0);
    std::copy_n(batch.input_ids.begin() + begin, length, padded.input_ids.begin() + to);
    std::copy_n(batch.token_type_ids.begin() + begin, length, padded.token_type_ids.begin() + to);
    std::fill_n(padded.attention_mask.begin() + to, length, uint8_t{1});
  }
  return padded;
}

}  // namespace lathe
