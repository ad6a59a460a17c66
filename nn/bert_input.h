// A packed batch as the model sees it: real tokens only, one sequence after another. All pointers
// are the caller's and live on the device of the Context.
#pragma once

#include <cstdint>

#include "nn/config.h"

namespace lathe {

struct BertInput {
  int64_t tokens = 0;
  int64_t sequences = 0;
  const int32_t* input_ids = nullptr;       // [tokens], below vocab_size
  const int32_t* token_type_ids = nullptr;  // [tokens], below type_vocab_size
  // [tokens], below max_position_embeddings, from 0 in each sequence.
  const int32_t* position_ids = nullptr;
  // [sequences + 1]: sequence s is the tokens offsets[s] … offsets[s + 1] - 1.
  const int32_t* offsets = nullptr;
  // [sequences + 1]: 0, 1, 2, …, the offsets of one row a sequence.
  const int32_t* counter = nullptr;
};

// Error unless every id, type and position is within the model's tables and every sequence has a
// token. The kernels do not check: call this once for every batch that comes from outside. Host
// memory only.
void require_within(const BertConfig& config, const BertInput& input);

}  // namespace lathe
