#include "tokenize/tokenizer.h"

#include <omp.h>

#include <algorithm>
#include <exception>
#include <utility>

#include "base/error.h"
#include "base/file.h"
#include "tokenize/decoder.h"
#include "tokenize/definition.h"
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

template <class Column>
void append(const Column& from, Column& to, std::size_t at) {
  std::copy(from.begin(), from.end(), to.begin() + static_cast<std::ptrdiff_t>(at));
}

// The first block's error is the first bad input's, whichever thread met it.
EncodedBatch joined(const std::vector<Block>& blocks, int threads) {
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
  const auto tokens = static_cast<std::size_t>(all.row_begins.back());
  const EncodedBatch& first = blocks[0].batch;
  all.input_ids.resize(tokens);
  all.token_type_ids.resize(tokens);
  if (!first.offsets.empty()) all.offsets.resize(tokens);
  if (!first.word_ids.empty()) all.word_ids.resize(tokens), all.sequence_ids.resize(tokens);
#pragma omp parallel for schedule(static) num_threads(threads)
  for (std::size_t i = 0; i < blocks.size(); ++i) {
    append(blocks[i].batch.input_ids, all.input_ids, begins[i]);
    append(blocks[i].batch.token_type_ids, all.token_type_ids, begins[i]);
    append(blocks[i].batch.offsets, all.offsets, begins[i]);
    append(blocks[i].batch.word_ids, all.word_ids, begins[i]);
    append(blocks[i].batch.sequence_ids, all.sequence_ids, begins[i]);
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
  EncodedBatch row = parts_->rows.encode(input, options);
  return {.input_ids = std::move(row.input_ids),
          .token_type_ids = {row.token_type_ids.begin(), row.token_type_ids.end()},
          .offsets = std::move(row.offsets),
          .word_ids = std::move(row.word_ids),
          .sequence_ids = std::move(row.sequence_ids)};
}

EncodedBatch Tokenizer::encode_batch(const std::vector<EncodeInput>& inputs,
                                     const EncodeOptions& options, int threads) const {
  if (threads <= 0) threads = omp_get_max_threads();
  if (threads == 1 || inputs.size() <= kBlock) {
    return parts_->rows.encode(inputs, 0, inputs.size(), options);
  }
  std::vector<Block> blocks((inputs.size() + kBlock - 1) / kBlock);
#pragma omp parallel for schedule(dynamic) num_threads(threads)
  for (std::size_t i = 0; i < blocks.size(); ++i) {
    try {  // an exception must not leave a parallel region
      const std::size_t end = std::min((i + 1) * kBlock, inputs.size());
      blocks[i].batch = parts_->rows.encode(inputs, i * kBlock, end, options);
    } catch (...) {
      blocks[i].error = std::current_exception();
    }
  }
  return joined(blocks, threads);
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
  const auto is_special = [&](const std::string& token) {
    const auto& added = parts_->definition.added_tokens;
    return std::any_of(added.begin(), added.end(), [&](const AddedToken& known) {
      return known.special && known.content == token;
    });
  };
  std::vector<std::string> tokens;
  for (const int32_t id : ids) {
    const std::string& text = token(id);
    if (!skip_special_tokens || !is_special(text)) tokens.push_back(text);
  }
  return decode_tokens(tokens, parts_->definition);
}

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
