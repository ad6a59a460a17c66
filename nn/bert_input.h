// A packed batch as the model sees it: real tokens only, one sequence after another. All pointers
// are the caller's and live on the device of the Context.
//
// After the sequences there may be a filler: tokens that attend to each other and that no head
// reads, so that no gradient comes from them. It brings batches to the same number of tokens
// (train/feeder.h) and changes no number of theirs.
#pragma once

#include <cstdint>

#include "nn/config.h"

namespace lathe {

struct BertInput {
  int64_t tokens = 0;                       // with the filler's
  int64_t sequences = 0;                    // without it
  int64_t fillers = 0;                      // 1 with a filler, which may have no token; else 0
  int64_t longest = 0;                      // no sequence has more tokens; 0: not known
  const int32_t* input_ids = nullptr;       // [tokens], below vocab_size
  const int32_t* token_type_ids = nullptr;  // [tokens], below type_vocab_size
  // [tokens], below max_position_embeddings, from 0 in each sequence.
  const int32_t* position_ids = nullptr;
  // [sequences + fillers + 1]: sequence s is the tokens offsets[s] … offsets[s + 1] - 1.
  const int32_t* offsets = nullptr;
  // [sequences + fillers + 1]: 0, 1, 2, …, sequences, the offsets of one row a sequence; once more
  // `sequences` where there is a filler, which has none.
  const int32_t* counter = nullptr;
};

// Error unless every id, type and position is within the model's tables and every sequence has a
// token. The kernels do not check: call this once for every batch that comes from outside. Host
// memory only.
void require_within(const BertConfig& config, const BertInput& input);

}  // namespace lathe
