// Packed batches: the real tokens of some examples, one sequence after another, and no padding.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "data/labels.h"
#include "data/tokenized.h"

namespace lathe {

struct PackedBatch {
  // [tokens]; positions count from 0 in each sequence.
  std::vector<int32_t> input_ids, token_type_ids, position_ids;
  // [sequences + 1]: sequence s has the tokens offsets[s] … offsets[s + 1] - 1.
  std::vector<int32_t> offsets{0};
  std::vector<int64_t> examples;  // [sequences]: the rows of the dataset they come from
  std::vector<int32_t> classes;   // [sequences], or empty
  std::vector<float> values;      // [sequences, columns of the targets], or empty

  int64_t tokens() const { return static_cast<int64_t>(input_ids.size()); }
  int64_t sequences() const { return static_cast<int64_t>(examples.size()); }
};

// The batch of those examples in that order, with their targets unless `targets` is null. Error for
// an example that the dataset does not have.
PackedBatch pack(const TokenizedDataset& dataset, const Targets* targets,
                 std::span<const int64_t> examples);

}  // namespace lathe
