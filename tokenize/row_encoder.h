// Texts into whole encodings: special tokens around them, what is too long cut off.
#pragma once

#include <cstdint>
#include <vector>

#include "tokenize/definition.h"
#include "tokenize/encoding.h"
#include "tokenize/text_encoder.h"
#include "tokenize/truncation.h"

namespace lathe {

class RowEncoder {
 public:
  // Both must outlive this.
  RowEncoder(const TokenizerDefinition& definition, const TextEncoder& encoder)
      : definition_(definition), encoder_(encoder) {}

  // The encodings of inputs[begin, end), made on this thread. RowError for the first bad input.
  EncodedBatch encode(const std::vector<EncodeInput>& inputs, std::size_t begin, std::size_t end,
                      const EncodeOptions& options) const;
  // The same of one input. Error without the row.
  EncodedBatch encode(const EncodeInput& input, const EncodeOptions& options) const;

  // One input in as many windows as truncation makes of it (see Tokenizer::encode_windows).
  std::vector<Encoding> encode_windows(const EncodeInput& input,
                                       const EncodeOptions& options) const;

 private:
  struct Rows;

  const std::vector<TemplatePiece>& pieces(const EncodeInput& input) const {
    return input.second ? definition_.pair : definition_.single;
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
};

}  // namespace lathe
