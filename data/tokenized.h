// A dataset as the model sees it: the token ids of every example, one example after another.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "data/table.h"
#include "tokenize/tokenizer.h"

namespace lathe {

// Two columns of lists, in memory or in a mapped file: batches are packed straight from them.
class TokenizedDataset {
 public:
  TokenizedDataset();  // of no examples
  // Example i has the tokens offsets[i] … offsets[i + 1] - 1; offsets: [examples + 1], from 0.
  TokenizedDataset(std::vector<int64_t> offsets, std::vector<int32_t> input_ids,
                   std::vector<uint8_t> token_type_ids);
  // From the columns "input_ids" (lists of int32) and "token_type_ids" (lists of uint8). Error when
  // one is missing, of another type, has nulls, or when their lists are not equally long.
  explicit TokenizedDataset(const Table& table);

  Table table() const { return Table({input_ids_, token_type_ids_}); }
  int64_t size() const { return input_ids_.size(); }
  int64_t tokens() const { return tokens_; }
  int64_t length(int64_t example) const { return input_ids_.list(example).size(); }
  std::span<const int32_t> input_ids(int64_t example) const {
    return input_ids_.elements().values<int32_t>(input_ids_.list(example));
  }
  std::span<const uint8_t> token_type_ids(int64_t example) const {
    return token_type_ids_.elements().values<uint8_t>(token_type_ids_.list(example));
  }
  std::vector<int64_t> lengths() const;  // [examples]

 private:
  void check_columns() const;

  Column input_ids_, token_type_ids_;
  int64_t tokens_ = 0;
};

// Goes into the fingerprint of tokenized columns: to be raised when the same text and options give
// other tokens or other columns.
constexpr int64_t kTokenizationVersion = 1;

// Encodes row i of `first`, paired with row i of `second` unless that is null, as example i. Runs
// on all OpenMP threads; the result does not depend on their number. Error naming the first row
// that is null, is not text or that the tokenizer refuses, and for columns of different lengths.
TokenizedDataset tokenize_columns(const Tokenizer& tokenizer, const Column& first,
                                  const Column* second, const EncodeOptions& options);

}  // namespace lathe
