#include "tokenize/rows.h"

#include <utility>

namespace lathe {

namespace {

template <class Column>
void append_column(const Column& from, Column& to) {
  to.insert(to.end(), from.begin(), from.end());
}

}  // namespace

void Rows::reserve(const std::vector<EncodeInput>& inputs, std::size_t begin, std::size_t end,
                   const EncodeOptions& options) {
  std::size_t bytes = 0;
  for (std::size_t i = begin; i < end; ++i) {
    bytes += inputs[i].first.text.size() + (inputs[i].second ? inputs[i].second->text.size() : 0);
  }
  const std::size_t count = bytes / 3 + 4 * (end - begin);
  tokens.ids.reserve(count);
  types.reserve(count);
  if (options.return_offsets || options.return_word_ids) tokens.offsets.reserve(count);
  begins.reserve(end - begin + 1);
}

void Rows::append(const Rows& rows) {
  const int64_t before = begins.back();
  for (std::size_t i = 1; i < rows.begins.size(); ++i) begins.push_back(before + rows.begins[i]);
  append_column(rows.tokens.ids, tokens.ids);
  append_column(rows.tokens.offsets, tokens.offsets);
  append_column(rows.tokens.words, tokens.words);
  append_column(rows.types, types);
  append_column(rows.sequences, sequences);
  append_column(rows.special, special);
}

EncodedBatch Rows::take(const EncodeOptions& options) {
  EncodedBatch batch;
  batch.row_begins = std::move(begins);
  batch.input_ids = std::move(tokens.ids);
  batch.token_type_ids = std::move(types);
  if (options.return_offsets) batch.offsets = std::move(tokens.offsets);
  if (options.return_word_ids) {
    batch.word_ids = std::move(tokens.words);
    batch.sequence_ids = std::move(sequences);
  }
  if (options.return_special_tokens_mask) batch.special_tokens_mask = std::move(special);
  return batch;
}

}  // namespace lathe
