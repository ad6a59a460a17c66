// Texts into whole encodings: special tokens around them, what is too long cut off.
#pragma once

#include <cstdint>
#include <vector>

#include "tokenize/definition.h"
#include "tokenize/encoding.h"
#include "tokenize/rows.h"
#include "tokenize/text_encoder.h"
#include "tokenize/truncation.h"

namespace lathe {

class RowEncoder {
 public:
  // Both must outlive this.
  RowEncoder(const TokenizerDefinition& definition, const TextEncoder& encoder);

  // What encode() works with on one thread.
  TextEncoder::Lender lend() const { return TextEncoder::Lender(encoder_); }
  // Appends the encodings of inputs[begin, end), not padded, to `rows`. RowError for the first bad
  // input.
  void encode(const std::vector<EncodeInput>& inputs, std::size_t begin, std::size_t end,
              const EncodeOptions& options, const TextEncoder::Lender& scratch, Rows& rows) const;
  // One input, padded. Error without the row.
  Encoding encode(const EncodeInput& input, const EncodeOptions& options) const;

  // One input in as many windows as truncation makes of it (see Tokenizer::encode_windows).
  std::vector<Encoding> encode_windows(const EncodeInput& input,
                                       const EncodeOptions& options) const;

 private:
  using Template = std::vector<TemplatePiece>;

  const Template& pieces(const EncodeInput& input, const EncodeOptions& options) const {
    const bool special = options.add_special_tokens;
    if (input.second) return special ? definition_.pair : bare_pair_;
    return special ? definition_.single : bare_single_;
  }
  void append_row(const EncodeInput& input, const EncodeOptions& options,
                  const TextEncoder::Lender& scratch, Rows& rows) const;
  void append_text(const TextInput& text, const EncodeOptions& options, std::size_t limit,
                   const TextEncoder::Lender& scratch, TextTokens& out) const;
  TextLengths kept(const TextLengths& lengths, const EncodeInput& input,
                   const EncodeOptions& options) const;
  std::size_t limit(const EncodeInput& input, const EncodeOptions& options) const;
  void check_stride(const EncodeOptions& options) const;

  const TokenizerDefinition& definition_;
  const TextEncoder& encoder_;
  Template bare_single_, bare_pair_;  // without special tokens
};

}  // namespace lathe
