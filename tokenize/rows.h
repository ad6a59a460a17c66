// Encodings as they grow, one behind another, before they become a batch.
#pragma once

#include <cstdint>
#include <vector>

#include "tokenize/encoding.h"
#include "tokenize/plain_encoder.h"

namespace lathe {

struct Rows {
  TextTokens tokens;  // special ones included
  std::vector<int64_t> begins{0};
  std::vector<uint8_t> types;
  std::vector<int32_t> sequences;
  std::vector<uint8_t> special;

  // Room for the encodings of inputs[begin, end): enough for most text, whose tokens have three
  // bytes or more. Columns that grow are copied.
  void reserve(const std::vector<EncodeInput>& inputs, std::size_t begin, std::size_t end,
               const EncodeOptions& options);
  // Puts `rows` behind these.
  void append(const Rows& rows);
  // These, with the columns that `options` ask for.
  EncodedBatch take(const EncodeOptions& options);
};

}  // namespace lathe
