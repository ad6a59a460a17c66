#include "data/tokenized.h"

#include <cstring>
#include <utility>

#include "base/error.h"
#include "data/column_builder.h"

namespace lathe {

namespace {

void check_is_text(const Column& column) {
  if (is_text(column.type())) return;
  fail(column.where(), " holds ", column.type_name(), ", a column of text is needed");
}

void check_columns(const Column& first, const Column* second) {
  check_is_text(first);
  if (second == nullptr) return;
  check_is_text(*second);
  if (second->size() != first.size()) {
    fail("columns ", quoted(first.name()), " and ", quoted(second->name()), " have ", first.size(),
         " and ", second->size(), " rows");
  }
}

// A column of lists: `offsets` into `values`.
template <class T>
Column lists(const char* name, const std::vector<int64_t>& offsets, std::vector<T> values) {
  const auto count = static_cast<int64_t>(values.size());
  Column::Buffers buffers;
  buffers.elements = std::make_shared<const Column>(
      "item", type_of_value<T>(), count, 0,
      Column::Buffers{{}, {}, SharedBytes::of(std::move(values)), nullptr});
  ColumnType type = ColumnType::kList;
  const auto rows = static_cast<int64_t>(offsets.size()) - 1;
  buffers.offsets = offsets_as(type, offsets);
  return Column(name, type, rows, 0, std::move(buffers));
}

void check_lists(const Column& column, ColumnType type) {
  if (!is_list(column.type()) || column.elements().type() != type || column.null_count() > 0 ||
      column.elements().null_count() > 0) {
    fail(column.where(), " holds ", column.type_name(), ", lists of ", name_of(type),
         " without nulls are needed");
  }
}

}  // namespace

TokenizedDataset::TokenizedDataset() : TokenizedDataset({0}, {}, {}) {}

TokenizedDataset::TokenizedDataset(std::vector<int64_t> offsets, std::vector<int32_t> input_ids,
                                   std::vector<uint8_t> token_type_ids)
    : input_ids_(lists("input_ids", offsets, std::move(input_ids))),
      token_type_ids_(lists("token_type_ids", offsets, std::move(token_type_ids))),
      tokens_(offsets.back()) {}

TokenizedDataset::TokenizedDataset(const Table& table)
    : input_ids_(table.column("input_ids")), token_type_ids_(table.column("token_type_ids")) {
  check_columns();
  if (size() > 0) tokens_ = input_ids_.list(size() - 1).end - input_ids_.list(0).begin;
}

// Equal lengths are equal offsets, which record batches of one file have in pieces of equal size.
void TokenizedDataset::check_columns() const {
  check_lists(input_ids_, ColumnType::kInt32);
  check_lists(token_type_ids_, ColumnType::kUint8);
  const auto& ids = input_ids_.chunks();
  const auto& types = token_type_ids_.chunks();
  const int64_t width = offset_width(input_ids_.type());
  bool equal = ids.size() == types.size() && width == offset_width(token_type_ids_.type());
  for (std::size_t i = 0; equal && i < ids.size(); ++i) {
    equal = ids[i].size == types[i].size;
    if (!equal || ids[i].size == 0) continue;
    const auto bytes = static_cast<std::size_t>((ids[i].size + 1) * width);
    equal = std::memcmp(ids[i].offsets.data() + ids[i].skip * width,
                        types[i].offsets.data() + types[i].skip * width, bytes) == 0;
  }
  if (!equal)
    fail(token_type_ids_.where(), ": its lists are not as long as those of \"input_ids\"");
}

std::vector<int64_t> TokenizedDataset::lengths() const {
  std::vector<int64_t> result;
  result.reserve(static_cast<std::size_t>(size()));
  for (int64_t example = 0; example < size(); ++example) result.push_back(length(example));
  return result;
}

TokenizedDataset tokenize_columns(const Tokenizer& tokenizer, const Column& first,
                                  const Column* second, const EncodeOptions& options) {
  check_columns(first, second);
  const Column* null_column = nullptr;  // of the first row that has a null
  std::vector<EncodeInput> inputs;      // the rows before that one
  inputs.reserve(static_cast<std::size_t>(first.size()));
  for (int64_t row = 0; row < first.size(); ++row) {
    null_column = first.is_null(row)                          ? &first
                  : second != nullptr && second->is_null(row) ? second
                                                              : nullptr;
    if (null_column != nullptr) break;
    EncodeInput& input = inputs.emplace_back(EncodeInput{first.text(row)});
    if (second != nullptr) input.second = second->text(row);
  }
  try {
    EncodedBatch batch = tokenizer.encode_batch(inputs, options);
    if (null_column != nullptr) {
      fail(null_column->where(static_cast<int64_t>(inputs.size())), ": the text is null");
    }
    return {std::move(batch.row_begins), std::move(batch.input_ids),
            std::move(batch.token_type_ids)};
  } catch (const RowError& error) {
    fail(first.where(error.row), ": ", error.reason);
  }
}

}  // namespace lathe
