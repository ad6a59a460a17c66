// A dataset as the model sees it: the token ids of every example, one example after another.
#pragma once

#include <cstdint>
#include <vector>

#include "data/column.h"
#include "tokenize/tokenizer.h"

namespace lathe {

struct TokenizedDataset {
  // [examples + 1]: example i has the tokens offsets[i] … offsets[i + 1] - 1.
  std::vector<int64_t> offsets{0};
  std::vector<int32_t> input_ids;       // [tokens]
  std::vector<uint8_t> token_type_ids;  // [tokens]

  int64_t size() const { return static_cast<int64_t>(offsets.size()) - 1; }
  int64_t tokens() const { return offsets.back(); }
  int64_t length(int64_t example) const {
    const auto i = static_cast<std::size_t>(example);
    return offsets[i + 1] - offsets[i];
  }
  std::vector<int64_t> lengths() const;  // [examples]
};

// Encodes row i of `first`, paired with row i of `second` unless that is null, as example i. Runs
// on all OpenMP threads; the result does not depend on their number. Error naming the first row
// that is null, is not text or that the tokenizer refuses, and for columns of different lengths.
TokenizedDataset tokenize_columns(const Tokenizer& tokenizer, const Column& first,
                                  const Column* second, const EncodeOptions& options);

}  // namespace lathe
