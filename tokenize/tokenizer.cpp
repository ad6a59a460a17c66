#include "tokenize/tokenizer.h"

#include <omp.h>

#include <algorithm>
#include <exception>
#include <utility>

#include "base/error.h"
#include "base/file.h"
#include "tokenize/batch_encoder.h"
#include "tokenize/decoder.h"
#include "tokenize/definition.h"
#include "tokenize/padding.h"
#include "tokenize/row_encoder.h"
#include "tokenize/text_encoder.h"

namespace lathe {

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
  return parts_->rows.encode(input, options);
}

EncodedBatch Tokenizer::encode_batch(const std::vector<EncodeInput>& inputs,
                                     const EncodeOptions& options, int threads) const {
  EncodedBatch batch = encode_on_threads(parts_->rows, inputs, options, threads);
  if (options.padding) return padded(batch, options);
  return batch;  // moved: as the one side of a conditional expression it would be copied
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
