// The tokenizer of BERT: text in, token ids out, exactly as Hugging Face's `tokenizers` gives them.
//
// clang-format off
//   text → special tokens found → normalised (clean, CJK spacing, accents, case) → words → WordPiece
//   → ids  [CLS] first [SEP]               types  0 0 0
//          [CLS] first [SEP] second [SEP]         0 0 0 1 1
// clang-format on
// docs: Devlin et al. 2019 §3; the rules themselves are those of the BertNormalizer,
// BertPreTokenizer and WordPiece of tokenizers 0.23.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "tokenize/encoding.h"

namespace lathe {

// An Error about one of many inputs.
class RowError : public Error {
 public:
  RowError(int64_t index, const std::string& what)
      : Error(concat("input ", index, ": ", what)), row(index), reason(what) {}
  int64_t row;         // of the input, from 0
  std::string reason;  // without the row
};

class Tokenizer {
 public:
  // From a checkpoint's directory: tokenizer.json if it is there, else vocab.txt with what
  // tokenizer_config.json says (do_lower_case, strip_accents, tokenize_chinese_chars, special
  // tokens). Error naming the file and key for anything that is missing, contradictory or not
  // BERT's.
  static Tokenizer load(const std::string& directory);

  Tokenizer(Tokenizer&&) noexcept;
  Tokenizer& operator=(Tokenizer&&) noexcept;
  ~Tokenizer();

  // Error "not valid UTF-8 at byte …" (counted from 0) on invalid text, unless replace_invalid;
  // Error when max_length leaves no room as `truncation` asks. Safe to call from several threads at
  // once. Without options: saved_options().
  Encoding encode(const EncodeInput& input, const EncodeOptions& options) const;
  Encoding encode(const EncodeInput& input) const { return encode(input, saved_options()); }
  Encoding encode(std::string_view text) const { return encode(text, saved_options()); }
  Encoding encode(std::string_view text, const EncodeOptions& options) const;
  Encoding encode(std::string_view text, std::string_view pair, const EncodeOptions& options) const;

  // Many inputs, on `threads` threads (0: as many as OpenMP has), straight into columns: the fast
  // way. The result does not depend on the number of threads. RowError for the first bad input.
  EncodedBatch encode_batch(const std::vector<EncodeInput>& inputs, const EncodeOptions& options,
                            int threads = 0) const;

  // The truncation and padding that tokenizer.json holds, which `tokenizers` applies unasked and
  // Transformers does not. Nothing else is set.
  EncodeOptions saved_options() const;
  // To pad as the files say: the pad token's id and type, and the side. Length and multiple are 0.
  PadOptions pad_options() const;

  // The encoding of encode(), and behind it further ones with what truncation cut off, each
  // beginning options.stride tokens before the end of the one before it: what Transformers gives
  // with return_overflowing_tokens. Each has at most max_length tokens, save that a text of which
  // nothing was kept overflows whole. Error unless stride is less than what is kept of a text that
  // is cut.
  std::vector<Encoding> encode_windows(const EncodeInput& input,
                                       const EncodeOptions& options) const;
  std::vector<Encoding> encode_windows(std::string_view text, const EncodeOptions& options) const;
  std::vector<Encoding> encode_windows(std::string_view text, std::string_view pair,
                                       const EncodeOptions& options) const;

  // The text of ids, as tokenizers decodes them (decoder.h); without special tokens where told so.
  // Error when there is no such id.
  std::string decode(const std::vector<int32_t>& ids, bool skip_special_tokens) const;
  // Of many rows, on `threads` threads. RowError for the first bad one.
  std::vector<std::string> decode_batch(const std::vector<std::vector<int32_t>>& rows,
                                        bool skip_special_tokens, int threads = 0) const;

  // Frees the memory that encoding keeps between calls (some 5 MB a thread), for whoever has
  // nothing more to encode for a while.
  void forget_caches() const;

  int64_t vocabulary_size() const;             // ids are below it
  const std::string& token(int32_t id) const;  // Error when there is no such id
  std::optional<int32_t> id(std::string_view token) const;
  // The model's maximum length that tokenizer_config.json states, or 0.
  int64_t model_max_length() const;

  // Writes tokenizer.json, tokenizer_config.json, vocab.txt and special_tokens_map.json, which
  // AutoTokenizer and `tokenizers` load and which give the same.
  void save(const std::string& directory) const;

 private:
  struct Parts;
  explicit Tokenizer(std::unique_ptr<const Parts> parts);
  std::unique_ptr<const Parts> parts_;
};

}  // namespace lathe
