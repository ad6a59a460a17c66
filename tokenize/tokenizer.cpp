#include "tokenize/tokenizer.h"

#include <omp.h>

#include <algorithm>
#include <exception>
#include <utility>

#include "base/error.h"
#include "base/file.h"
#include "tokenize/decoder.h"
#include "tokenize/definition.h"
#include "tokenize/padding.h"
#include "tokenize/row_encoder.h"
#include "tokenize/text_encoder.h"

namespace lathe {

namespace {

// Small enough that threads finish together, large enough that taking a block costs nothing.
constexpr std::size_t kBlock = 256;

// The encodings of one run of inputs, or why its first bad one is bad.
struct Block {
  EncodedBatch batch;
  std::exception_ptr error;
};

// Calls what(column of a, the same column of b) for each column that `options` ask for.
template <class A, class B, class What>
void for_each_column(A& a, B& b, const EncodeOptions& options, const What& what) {
  what(a.input_ids, b.input_ids);
  what(a.token_type_ids, b.token_type_ids);
  if (options.return_offsets) what(a.offsets, b.offsets);
  if (options.return_word_ids) {
    what(a.word_ids, b.word_ids);
    what(a.sequence_ids, b.sequence_ids);
  }
  if (options.return_special_tokens_mask) what(a.special_tokens_mask, b.special_tokens_mask);
}

// The first block's error is the first bad input's, whichever thread met it.
EncodedBatch joined(const std::vector<Block>& blocks, const EncodeOptions& options, int threads) {
  EncodedBatch all;
  std::vector<std::size_t> begins;  // of each block's tokens
  for (const Block& block : blocks) {
    if (block.error) std::rethrow_exception(block.error);
    begins.push_back(static_cast<std::size_t>(all.row_begins.back()));
    const int64_t before = all.row_begins.back();
    for (std::size_t i = 1; i < block.batch.row_begins.size(); ++i) {
      all.row_begins.push_back(before + block.batch.row_begins[i]);
    }
  }
  for_each_column(all, all, options, [&](auto& column, auto&) {
    column.resize(static_cast<std::size_t>(all.row_begins.back()));
  });
#pragma omp parallel for schedule(static) num_threads(threads)
  for (std::size_t i = 0; i < blocks.size(); ++i) {
    for_each_column(blocks[i].batch, all, options, [&](const auto& from, auto& to) {
      std::copy(from.begin(), from.end(), to.begin() + static_cast<std::ptrdiff_t>(begins[i]));
    });
  }
  return all;
}

}  // namespace

struct Tokenizer::Parts {
  explicit Parts(TokenizerDefinition what)
      : definition(std::move(what)),
        vocabulary(definition.tokens, definition.continuing_prefix),
        encoder(definition, vocabulary),
        rows(definition, encoder) {}

  EncodedBatch encode_rows(const std::vector<EncodeInput>& inputs, const EncodeOptions& options,
                           int threads) const;

  TokenizerDefinition definition;
  Vocabulary vocabulary;
  TextEncoder encoder;
  RowEncoder rows;
};

Tokenizer::Tokenizer(std::unique_ptr<const Parts> parts) : parts_(std::move(parts)) {}
Tokenizer::Tokenizer(Tokenizer&&) noexcept = default;
Tokenizer& Tokenizer::operator=(Tokenizer&&) noexcept = default;
Tokenizer::~Tokenizer() = default;

Tokenizer Tokenizer::load(const std::string& directory) {
  return Tokenizer(std::make_unique<const Parts>(read_tokenizer(directory)));
}

Encoding Tokenizer::encode(const EncodeInput& input, const EncodeOptions& options) const {
  return parts_->rows.encode(input, options);
}

EncodedBatch Tokenizer::encode_batch(const std::vector<EncodeInput>& inputs,
                                     const EncodeOptions& options, int threads) const {
  EncodedBatch batch = parts_->encode_rows(inputs, options, threads);
  return options.padding ? padded(batch, options) : batch;
}

EncodedBatch Tokenizer::Parts::encode_rows(const std::vector<EncodeInput>& inputs,
                                           const EncodeOptions& options, int threads) const {
  if (threads <= 0) threads = omp_get_max_threads();
  if (threads == 1 || inputs.size() <= kBlock) {
    return rows.encode(inputs, 0, inputs.size(), options);
  }
  std::vector<Block> blocks((inputs.size() + kBlock - 1) / kBlock);
#pragma omp parallel for schedule(dynamic) num_threads(threads)
  for (std::size_t i = 0; i < blocks.size(); ++i) {
    try {  // an exception must not leave a parallel region
      const std::size_t end = std::min((i + 1) * kBlock, inputs.size());
      blocks[i].batch = rows.encode(inputs, i * kBlock, end, options);
    } catch (...) {
      blocks[i].error = std::current_exception();
    }
  }
  return joined(blocks, options, threads);
}

EncodeOptions Tokenizer::saved_options() const {
  const TokenizerDefinition& definition = parts_->definition;
  EncodeOptions options;
  if (const auto& saved = definition.truncation) {
    options.max_length = saved->max_length;
    options.truncation = saved->strategy;
    options.stride = saved->stride;
  }
  if (const auto& saved = definition.padding) {
    options.padding = saved->options;
    options.padding->left = definition.pad_left;
  }
  return options;
}

PadOptions Tokenizer::pad_options() const {
  const TokenizerDefinition& definition = parts_->definition;
  PadOptions options{.left = definition.pad_left};
  if (definition.padding) {
    options.pad_id = definition.padding->options.pad_id;
    options.pad_type = definition.padding->options.pad_type;
  }
  for (const auto& [name, content] : definition.named_tokens) {
    if (name == "pad_token") options.pad_id = std::max(find_token(definition, content), 0);
  }
  return options;
}

Encoding Tokenizer::encode(std::string_view text, const EncodeOptions& options) const {
  return encode(EncodeInput{text}, options);
}

Encoding Tokenizer::encode(std::string_view text, std::string_view pair,
                           const EncodeOptions& options) const {
  return encode(EncodeInput{text, pair}, options);
}

std::vector<Encoding> Tokenizer::encode_windows(const EncodeInput& input,
                                                const EncodeOptions& options) const {
  return parts_->rows.encode_windows(input, options);
}

std::vector<Encoding> Tokenizer::encode_windows(std::string_view text,
                                                const EncodeOptions& options) const {
  return encode_windows(EncodeInput{text}, options);
}

std::vector<Encoding> Tokenizer::encode_windows(std::string_view text, std::string_view pair,
                                                const EncodeOptions& options) const {
  return encode_windows(EncodeInput{text, pair}, options);
}

std::string Tokenizer::decode(const std::vector<int32_t>& ids, bool skip_special_tokens) const {
  const auto& added = parts_->definition.added_tokens;  // ordered by id
  const auto is_special = [&](int32_t id) {
    const auto at =
        std::lower_bound(added.begin(), added.end(), id,
                         [](const AddedToken& token, int32_t value) { return token.id < value; });
    return at != added.end() && at->id == id && at->special;
  };
  std::vector<std::string> tokens;
  for (const int32_t id : ids) {
    const std::string& text = token(id);
    if (!skip_special_tokens || !is_special(id)) tokens.push_back(text);
  }
  return decode_tokens(tokens, parts_->definition);
}

std::vector<std::string> Tokenizer::decode_batch(const std::vector<std::vector<int32_t>>& rows,
                                                 bool skip_special_tokens, int threads) const {
  std::vector<std::string> texts(rows.size());
  std::vector<std::string> errors(rows.size());
#pragma omp parallel for schedule(dynamic, 64) \
    num_threads(threads > 0 ? threads : omp_get_max_threads())
  for (std::size_t i = 0; i < rows.size(); ++i) {
    try {
      texts[i] = decode(rows[i], skip_special_tokens);
    } catch (const Error& error) {
      errors[i] = error.what();
    }
  }
  for (std::size_t i = 0; i < rows.size(); ++i) {
    if (!errors[i].empty()) throw RowError(static_cast<int64_t>(i), errors[i]);
  }
  return texts;
}

void Tokenizer::forget_caches() const { parts_->encoder.forget_caches(); }

int64_t Tokenizer::vocabulary_size() const {
  const auto& added = parts_->definition.added_tokens;  // ordered by id
  const auto model = static_cast<int64_t>(parts_->definition.tokens.size());
  return added.empty() ? model : std::max<int64_t>(model, added.back().id + 1);
}

const std::string& Tokenizer::token(int32_t id) const {
  if (id < 0 || id >= vocabulary_size()) {
    fail("no token has the id ", id, "; ids go from 0 to ", vocabulary_size() - 1);
  }
  const std::vector<std::string>& tokens = parts_->definition.tokens;
  const std::vector<AddedToken>& added = parts_->definition.added_tokens;
  if (static_cast<std::size_t>(id) < tokens.size()) return tokens[static_cast<std::size_t>(id)];
  return added[added.size() - static_cast<std::size_t>(vocabulary_size() - id)].content;
}

std::optional<int32_t> Tokenizer::id(std::string_view token) const {
  if (const auto found = parts_->vocabulary.id(token)) return found;
  for (const AddedToken& added : parts_->definition.added_tokens) {
    if (added.content == token) return added.id;
  }
  return std::nullopt;
}

int64_t Tokenizer::model_max_length() const { return parts_->definition.model_max_length; }

void Tokenizer::save(const std::string& directory) const {
  make_writable_directory(directory);
  write_tokenizer(parts_->definition, directory);
}

}  // namespace lathe
