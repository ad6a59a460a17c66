#include "tokenize/row_encoder.h"

#include <algorithm>
#include <utility>

#include "base/error.h"
#include "base/utf8.h"
#include "tokenize/padding.h"
#include "tokenize/rows.h"
#include "tokenize/tokenizer.h"
#include "tokenize/windows.h"

namespace lathe {

namespace {

using Kind = TemplatePiece::Kind;

struct Stretch {
  const TextTokens& tokens;
  Window window;
};

using Details = TextEncoder::Details;

Details details_of(const EncodeOptions& options) {
  if (options.return_word_ids) return Details::kOffsetsAndWords;
  return options.return_offsets ? Details::kOffsets : Details::kNone;
}

int64_t count_special(const std::vector<TemplatePiece>& pieces) {
  return std::count_if(pieces.begin(), pieces.end(), [](const TemplatePiece& piece) {
    return piece.kind == TemplatePiece::Kind::kSpecial;
  });
}

int32_t sequence_of(const TemplatePiece& piece) {
  if (piece.kind == Kind::kSpecial) return kNoWord;
  return piece.kind == Kind::kFirst ? 0 : 1;
}

void append_special(const TemplatePiece& piece, const EncodeOptions& options, TextTokens& out) {
  out.ids.push_back(piece.id);
  if (details_of(options) != Details::kNone) out.offsets.push_back({0, 0});
  if (options.return_word_ids) out.words.push_back(kNoWord);
}

void append(const Stretch& stretch, const EncodeOptions& options, TextTokens& out) {
  const auto copy = [&](const auto& from, auto& to) {
    to.insert(to.end(), from.begin() + stretch.window.begin, from.begin() + stretch.window.end);
  };
  copy(stretch.tokens.ids, out.ids);
  if (details_of(options) != Details::kNone) copy(stretch.tokens.offsets, out.offsets);
  if (options.return_word_ids) copy(stretch.tokens.words, out.words);
}

// Takes `count` tokens out of every column.
void erase(std::size_t begin, std::size_t count, TextTokens& tokens) {
  const auto erase_from = [&](auto& column) {
    if (column.empty()) return;
    const auto first = column.begin() + static_cast<std::ptrdiff_t>(begin);
    column.erase(first, first + static_cast<std::ptrdiff_t>(count));
  };
  erase_from(tokens.ids);
  erase_from(tokens.offsets);
  erase_from(tokens.words);
}

int64_t length_of(const TextTokens& tokens) { return static_cast<int64_t>(tokens.size()); }

// Of a piece, for the mask of special tokens.
uint8_t is_special(const TemplatePiece& piece) { return piece.kind == Kind::kSpecial ? 1 : 0; }

std::vector<TemplatePiece> without_special(std::vector<TemplatePiece> pieces) {
  std::erase_if(pieces, [](const TemplatePiece& piece) { return piece.kind == Kind::kSpecial; });
  return pieces;
}

Encoding fill_template(const std::vector<TemplatePiece>& pieces, const Stretch& first,
                       const Stretch& second, const EncodeOptions& options) {
  TextTokens tokens;
  Encoding out;
  for (const TemplatePiece& piece : pieces) {
    if (piece.kind == Kind::kSpecial) {
      append_special(piece, options, tokens);
    } else {
      append(piece.kind == Kind::kFirst ? first : second, options, tokens);
    }
    out.token_type_ids.resize(tokens.size(), piece.type);
    if (options.return_word_ids) out.sequence_ids.resize(tokens.size(), sequence_of(piece));
    if (options.return_special_tokens_mask) {
      out.special_tokens_mask.resize(tokens.size(), is_special(piece));
    }
  }
  out.attention_mask.assign(tokens.size(), 1);
  out.input_ids = std::move(tokens.ids);
  if (options.return_offsets) out.offsets = std::move(tokens.offsets);
  if (options.return_word_ids) out.word_ids = std::move(tokens.words);
  return out;
}

}  // namespace

RowEncoder::RowEncoder(const TokenizerDefinition& definition, const TextEncoder& encoder)
    : definition_(definition),
      encoder_(encoder),
      bare_single_(without_special(definition.single)),
      bare_pair_(without_special(definition.pair)) {}

void RowEncoder::encode(const std::vector<EncodeInput>& inputs, std::size_t begin, std::size_t end,
                        const EncodeOptions& options, const TextEncoder::Lender& scratch,
                        Rows& rows) const {
  for (std::size_t i = begin; i < end; ++i) {
    try {
      append_row(inputs[i], options, scratch, rows);
    } catch (const Error& error) {
      throw RowError(static_cast<int64_t>(i), error.what());
    }
  }
}

Encoding RowEncoder::encode(const EncodeInput& input, const EncodeOptions& options) const {
  Rows rows;
  append_row(input, options, lend(), rows);
  EncodedBatch row = rows.take(options);
  Encoding encoding{.input_ids = std::move(row.input_ids),
                    .token_type_ids = {row.token_type_ids.begin(), row.token_type_ids.end()},
                    .attention_mask = std::vector<uint8_t>(row.token_type_ids.size(), 1),
                    .offsets = std::move(row.offsets),
                    .word_ids = std::move(row.word_ids),
                    .sequence_ids = std::move(row.sequence_ids),
                    .special_tokens_mask = std::move(row.special_tokens_mask)};
  if (options.padding) {
    pad(encoding, padded_length(row.row_begins[1], *options.padding), options);
  }
  return encoding;
}

// The texts are encoded where they belong; what truncation takes is taken out behind that.
void RowEncoder::append_row(const EncodeInput& input, const EncodeOptions& options,
                            const TextEncoder::Lender& scratch, Rows& rows) const {
  TextTokens& tokens = rows.tokens;
  std::size_t begin[2] = {}, length[2] = {};  // of the two texts
  for (const TemplatePiece& piece : pieces(input, options)) {
    if (piece.kind == Kind::kSpecial) {
      append_special(piece, options, tokens);
      continue;
    }
    const int text = sequence_of(piece);
    begin[text] = tokens.size();
    append_text(text == 0 ? input.first : *input.second, options, limit(input, options), scratch,
                tokens);
    length[text] = tokens.size() - begin[text];
  }
  const TextLengths lengths =
      kept({static_cast<int64_t>(length[0]), static_cast<int64_t>(length[1])}, input, options);
  const std::size_t kept_length[2] = {static_cast<std::size_t>(lengths.first),
                                      static_cast<std::size_t>(lengths.second)};
  for (const int text : {1, 0}) {  // from behind: the first text's place stays what it was
    const std::size_t excess = length[text] - kept_length[text];
    if (excess == 0) continue;
    erase(begin[text] + (definition_.truncate_left ? 0 : kept_length[text]), excess, tokens);
  }
  for (const TemplatePiece& piece : pieces(input, options)) {
    const std::size_t size =
        rows.types.size() + (piece.kind == Kind::kSpecial ? 1 : kept_length[sequence_of(piece)]);
    rows.types.resize(size, static_cast<uint8_t>(piece.type));
    if (options.return_word_ids) rows.sequences.resize(size, sequence_of(piece));
    if (options.return_special_tokens_mask) rows.special.resize(size, is_special(piece));
  }
  rows.begins.push_back(length_of(tokens));
}

void RowEncoder::append_text(const TextInput& text, const EncodeOptions& options, std::size_t limit,
                             const TextEncoder::Lender& scratch, TextTokens& out) const {
  const Details details = details_of(options);
  const auto encode = [&](std::string_view what) {
    if (options.replace_invalid && !is_valid_utf8(what)) {
      encoder_.encode(replace_invalid_utf8(what), details, limit, *scratch, out);
    } else {
      encoder_.encode(what, details, limit, *scratch, out);
    }
  };
  if (!text.words) return encode(text.text);
  for (std::size_t i = 0; i < text.words->size(); ++i) {
    const auto size = static_cast<std::ptrdiff_t>(out.size());
    encode((*text.words)[i]);
    if (options.return_word_ids)
      std::fill(out.words.begin() + size, out.words.end(), static_cast<int32_t>(i));
  }
}

// How many tokens of a text can matter. Of a single text no more than there is room for; of a pair,
// how much each keeps depends on how long both are.
std::size_t RowEncoder::limit(const EncodeInput& input, const EncodeOptions& options) const {
  const bool first_ones = !input.second && options.max_length > 0 && !definition_.truncate_left;
  return first_ones ? static_cast<std::size_t>(options.max_length) : TextEncoder::kNoLimit;
}

TextLengths RowEncoder::kept(const TextLengths& lengths, const EncodeInput& input,
                             const EncodeOptions& options) const {
  if (options.max_length == 0) return lengths;
  const int64_t special = count_special(pieces(input, options));
  if (options.max_length < special) {
    fail("max_length ", options.max_length, " leaves no room beside ", special, " special tokens");
  }
  return truncated(lengths, input.second.has_value(), options.max_length - special,
                   options.truncation);
}

// tokenizers asks this of every call, whether the text is long enough to matter or not.
void RowEncoder::check_stride(const EncodeOptions& options) const {
  const int64_t special = options.add_special_tokens ? count_special(definition_.single) : 0;
  const int64_t room = options.max_length - special;
  if (options.stride < 0 || (options.max_length != 0 && options.stride > room)) {
    fail("stride ", options.stride, " must be from 0 to ", room,
         ": at most max_length without its special tokens");
  }
}

std::vector<Encoding> RowEncoder::encode_windows(const EncodeInput& input,
                                                 const EncodeOptions& options) const {
  const TextEncoder::Lender scratch(encoder_);
  TextTokens a, b;
  append_text(input.first, options, TextEncoder::kNoLimit, scratch, a);
  if (input.second) append_text(*input.second, options, TextEncoder::kNoLimit, scratch, b);
  const TextLengths lengths = kept({length_of(a), length_of(b)}, input, options);
  check_stride(options);
  const bool left = definition_.truncate_left;
  const auto first = windows(length_of(a), lengths.first, options.stride, left);
  const auto second = windows(length_of(b), lengths.second, options.stride, left);

  // tokenizers' order: the first of both, the other windows of the first text with all of the
  // second, the first of the first with the others of the second.
  std::vector<Encoding> found;
  const auto combine = [&](const Window& x, const Window& y) {
    found.push_back(fill_template(pieces(input, options), {a, x}, {b, y}, options));
  };
  combine(first[0], second[0]);
  for (std::size_t i = 1; i < first.size(); ++i) {
    for (const Window& window : second) combine(first[i], window);
  }
  for (std::size_t j = 1; j < second.size(); ++j) combine(first[0], second[j]);
  if (options.padding) {
    const auto longest = static_cast<int64_t>(found[0].input_ids.size());
    for (Encoding& window : found) pad(window, padded_length(longest, *options.padding), options);
  }
  return found;
}

}  // namespace lathe
