// What a tokenizer is asked for and what it gives. The names are those of Transformers.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace lathe {

// Which of a pair's texts gives up tokens when both are too long together.
enum class Truncation { kLongestFirst, kOnlyFirst, kOnlySecond };

// How encodings of different lengths become equally long. Rows that are longer stay as they are:
// nothing is cut here.
struct PadOptions {
  int64_t length = 0;       // tokens of each row; 0: as many as the longest row has
  int64_t multiple_of = 0;  // rounds that up; 0: no rounding
  int32_t pad_id = 0;       // Tokenizer::pad_options() knows which
  int32_t pad_type = 0;
  bool left = false;  // where the pad tokens go (padding_side)
  bool operator==(const PadOptions&) const = default;
};

struct EncodeOptions {
  int64_t max_length = 0;  // tokens, special ones included; 0: no limit
  Truncation truncation = Truncation::kLongestFirst;
  int64_t stride = 0;  // tokens that neighbouring windows share; only for encode_windows
  std::optional<PadOptions> padding = std::nullopt;
  bool add_special_tokens = true;
  bool return_offsets = false;
  bool return_word_ids = false;  // and sequence ids
  bool return_special_tokens_mask = false;
  bool replace_invalid = false;  // U+FFFD for what is not valid UTF-8 (base/utf8.h), not an error
};

// A text, or the words of one that is cut into words already (is_split_into_words): each is then
// encoded by itself, its offsets count from its own beginning, and its word id is its index.
struct TextInput {
  TextInput(std::string_view whole) : text(whole) {}                       // NOLINT
  TextInput(const std::string& whole) : text(whole) {}                     // NOLINT
  TextInput(const char* whole) : text(whole) {}                            // NOLINT
  TextInput(std::vector<std::string_view> cut) : words(std::move(cut)) {}  // NOLINT

  std::string_view text;
  std::optional<std::vector<std::string_view>> words;
};

// A text or a pair of them. What it views must outlive the call that it is given to.
struct EncodeInput {
  TextInput first;
  std::optional<TextInput> second = std::nullopt;
};

// Where a token stands in its text, in code points: [begin, end). {0, 0} for special tokens.
struct TokenOffset {
  int32_t begin, end;
  bool operator==(const TokenOffset&) const = default;
};

constexpr int32_t kNoWord = -1;  // of the tokens that a template or padding adds

// Columns of one value a token.
struct Encoding {
  std::vector<int32_t> input_ids;
  // 0 for the first text and its special tokens, 1 for the second.
  std::vector<int32_t> token_type_ids;
  std::vector<uint8_t> attention_mask;  // 1, and 0 for pad tokens
  std::vector<TokenOffset> offsets;     // empty unless asked for, as all that follow
  // The number of the token's word in its text, the number of its text; kNoWord where it is from
  // neither.
  std::vector<int32_t> word_ids, sequence_ids;
  std::vector<uint8_t> special_tokens_mask;  // 1 for what a template or padding adds
};

// Encodings of many inputs, one after another.
struct EncodedBatch {
  // [rows + 1]: row i has the tokens row_begins[i] … row_begins[i + 1] - 1 of every column.
  std::vector<int64_t> row_begins{0};
  std::vector<int32_t> input_ids;       // [tokens]
  std::vector<uint8_t> token_type_ids;  // [tokens]
  std::vector<uint8_t> attention_mask;  // [tokens]; empty unless padded: every token counts then
  std::vector<TokenOffset> offsets;     // [tokens], or empty, as the next three
  std::vector<int32_t> word_ids, sequence_ids;
  std::vector<uint8_t> special_tokens_mask;

  int64_t rows() const { return static_cast<int64_t>(row_begins.size()) - 1; }
};

}  // namespace lathe
