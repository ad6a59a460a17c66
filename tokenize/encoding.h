// What a tokenizer is asked for and what it gives.
#pragma once

#include <cstdint>
#include <vector>

namespace lathe {

// Which of a pair's texts gives up tokens when both are too long together.
enum class Truncation { kLongestFirst, kOnlyFirst, kOnlySecond };

struct EncodeOptions {
  int64_t max_length = 0;  // tokens, special ones included; 0: no limit
  Truncation truncation = Truncation::kLongestFirst;
  bool return_offsets = false;
  int64_t stride = 0;  // tokens that neighbouring windows share; only for encode_windows
};

// Where a token stands in its text, in code points: [begin, end). {0, 0} for special tokens.
struct TokenOffset {
  int32_t begin, end;
  bool operator==(const TokenOffset&) const = default;
};

struct Encoding {
  std::vector<int32_t> input_ids;
  std::vector<int32_t>
      token_type_ids;  // 0 for the first text and its special tokens, 1 for the second
  std::vector<TokenOffset> offsets;  // empty unless asked for
};

}  // namespace lathe
