#include "data/tokenized.h"

#include <utility>

#include "base/error.h"

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

}  // namespace

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
    return {.offsets = std::move(batch.row_begins),
            .input_ids = std::move(batch.input_ids),
            .token_type_ids = std::move(batch.token_type_ids)};
  } catch (const RowError& error) {
    fail(first.where(error.row), ": ", error.reason);
  }
}

}  // namespace lathe
