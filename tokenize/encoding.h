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

struct EncodeOptions {
  int64_t max_length = 0;  // tokens, special ones included; 0: no limit
  Truncation truncation = Truncation::kLongestFirst;
  bool return_offsets = false;
  bool return_word_ids = false;  // and sequence ids
  int64_t stride = 0;            // tokens that neighbouring windows share; only for encode_windows
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

struct Encoding {
  std::vector<int32_t> input_ids;
  // 0 for the first text and its special tokens, 1 for the second.
  std::vector<int32_t> token_type_ids;
  std::vector<TokenOffset> offsets;  // empty unless asked for
  // Empty unless asked for: the number of the token's word in its text, the number of its text;
  // kNoWord where it is from neither.
  std::vector<int32_t> word_ids, sequence_ids;
};

// Encodings of many inputs, one after another.
struct EncodedBatch {
  // [rows + 1]: row i has the tokens row_begins[i] … row_begins[i + 1] - 1 of every column.
  std::vector<int64_t> row_begins{0};
  std::vector<int32_t> input_ids;       // [tokens]
  std::vector<uint8_t> token_type_ids;  // [tokens]
  std::vector<TokenOffset> offsets;     // [tokens], or empty, as the next two
  std::vector<int32_t> word_ids, sequence_ids;

  int64_t rows() const { return static_cast<int64_t>(row_begins.size()) - 1; }
};

}  // namespace lathe
