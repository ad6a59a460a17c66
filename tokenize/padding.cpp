#include "tokenize/padding.h"

#include <algorithm>

#include "base/error.h"

namespace lathe {

namespace {

// The rows of a column, each filled up with `fill` to where it ends in `begins`.
template <class T>
void spread(const std::vector<T>& from, const std::vector<int64_t>& from_begins,
            const std::vector<int64_t>& begins, T fill, bool left, std::vector<T>& to) {
  to.assign(static_cast<std::size_t>(begins.back()), fill);
  for (std::size_t row = 0; row + 1 < begins.size(); ++row) {
    const int64_t length = from_begins[row + 1] - from_begins[row];
    std::copy_n(from.begin() + from_begins[row], length,
                to.begin() + (left ? begins[row + 1] - length : begins[row]));
  }
}

template <class T>
void fill_up(std::vector<T>& column, T fill, std::size_t length, bool left) {
  if (column.size() >= length) return;
  column.insert(left ? column.begin() : column.end(), length - column.size(), fill);
}

}  // namespace

int64_t padded_length(int64_t longest, const PadOptions& options) {
  if (options.length < 0 || options.multiple_of < 0) fail("a padded length cannot be negative");
  const int64_t length = options.length > 0 ? options.length : longest;
  const int64_t of = std::max<int64_t>(options.multiple_of, 1);
  return (length + of - 1) / of * of;
}

void pad(Encoding& encoding, int64_t length, const EncodeOptions& options) {
  const PadOptions& padding = options.padding.value();
  const auto size = static_cast<std::size_t>(length);
  const bool left = padding.left;
  fill_up(encoding.input_ids, padding.pad_id, size, left);
  fill_up(encoding.token_type_ids, padding.pad_type, size, left);
  fill_up(encoding.attention_mask, uint8_t{0}, size, left);
  if (options.return_offsets) fill_up(encoding.offsets, {0, 0}, size, left);
  if (options.return_word_ids) {
    fill_up(encoding.word_ids, kNoWord, size, left);
    fill_up(encoding.sequence_ids, kNoWord, size, left);
  }
  if (options.return_special_tokens_mask) {
    fill_up(encoding.special_tokens_mask, uint8_t{1}, size, left);
  }
}

EncodedBatch padded(const EncodedBatch& batch, const EncodeOptions& options) {
  const PadOptions& padding = options.padding.value();
  int64_t longest = 0;
  for (std::size_t row = 0; row + 1 < batch.row_begins.size(); ++row) {
    longest = std::max(longest, batch.row_begins[row + 1] - batch.row_begins[row]);
  }
  const int64_t length = padded_length(longest, padding);

  EncodedBatch result;
  for (std::size_t row = 0; row + 1 < batch.row_begins.size(); ++row) {
    const int64_t own = batch.row_begins[row + 1] - batch.row_begins[row];
    result.row_begins.push_back(result.row_begins.back() + std::max(own, length));
  }
  const auto spread_column = [&]<class T>(const std::vector<T>& from, T fill, std::vector<T>& to) {
    spread(from, batch.row_begins, result.row_begins, fill, padding.left, to);
  };
  spread_column(batch.input_ids, padding.pad_id, result.input_ids);
  spread_column(batch.token_type_ids, static_cast<uint8_t>(padding.pad_type),
                result.token_type_ids);
  spread_column(std::vector<uint8_t>(batch.input_ids.size(), 1), uint8_t{0}, result.attention_mask);
  if (options.return_offsets) spread_column(batch.offsets, TokenOffset{0, 0}, result.offsets);
  if (options.return_word_ids) {
    spread_column(batch.word_ids, kNoWord, result.word_ids);
    spread_column(batch.sequence_ids, kNoWord, result.sequence_ids);
  }
  if (options.return_special_tokens_mask) {
    spread_column(batch.special_tokens_mask, uint8_t{1}, result.special_tokens_mask);
  }
  return result;
}

}  // namespace lathe
