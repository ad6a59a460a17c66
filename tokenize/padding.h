// Encodings of different lengths as rectangles, for whoever needs them so. Lathe's own models take
// packed batches, in which no pad token is ever computed.
#pragma once

#include <cstdint>
#include <vector>

#include "tokenize/encoding.h"

namespace lathe {

struct PadOptions {
  int64_t length = 0;       // tokens in each row; 0: as many as the longest row has
  int64_t multiple_of = 0;  // rounds that up; 0: no rounding
  int32_t pad_id = 0;
  bool left = false;  // where the pad tokens go (padding_side)
};

// [rows, width], row by row. Pad tokens have type 0 and attention 0.
struct PaddedBatch {
  int64_t rows = 0, width = 0;
  std::vector<int32_t> input_ids;
  std::vector<uint8_t> token_type_ids, attention_mask;
};

// Error for a row that is longer than a stated length: nothing is cut here.
PaddedBatch pad(const EncodedBatch& batch, const PadOptions& options);

}  // namespace lathe
