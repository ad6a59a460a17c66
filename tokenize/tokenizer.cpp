#include "tokenize/tokenizer.h"

#include <algorithm>
#include <utility>

#include "base/error.h"
#include "base/file.h"
#include "tokenize/definition.h"
#include "tokenize/text_encoder.h"
#include "tokenize/truncation.h"
#include "tokenize/windows.h"

namespace lathe {

struct Tokenizer::Parts {
  explicit Parts(TokenizerDefinition what)
      : definition(std::move(what)),
        vocabulary(definition.tokens, definition.continuing_prefix),
        encoder(definition, vocabulary) {}

  // `pair` may be null. Without `overflow`, one encoding: what truncation leaves.
  std::vector<Encoding> encode(std::string_view text, const std::string_view* pair,
                               const EncodeOptions& options, bool overflow) const;
  TextLengths kept(const TextLengths& lengths, bool has_pair, const EncodeOptions& options) const;
  void check_stride(const EncodeOptions& options) const;

  TokenizerDefinition definition;
  Vocabulary vocabulary;
  TextEncoder encoder;
};

namespace {

struct Stretch {
  const TextTokens& tokens;
  Window window;
};

int64_t count_special(const std::vector<TemplatePiece>& pieces) {
  return std::count_if(pieces.begin(), pieces.end(), [](const TemplatePiece& piece) {
    return piece.kind == TemplatePiece::Kind::kSpecial;
  });
}

void append(const Stretch& stretch, int32_t type, bool offsets, Encoding& out) {
  const auto copy = [&](const auto& from, auto& to) {
    to.insert(to.end(), from.begin() + stretch.window.begin, from.begin() + stretch.window.end);
  };
  copy(stretch.tokens.ids, out.input_ids);
  if (offsets) copy(stretch.tokens.offsets, out.offsets);
  out.token_type_ids.resize(out.input_ids.size(), type);
}

Encoding fill_template(const std::vector<TemplatePiece>& pieces, const Stretch& first,
                       const Stretch& second, bool offsets) {
  Encoding out;
  const auto length = static_cast<std::size_t>(first.window.end - first.window.begin +
                                               second.window.end - second.window.begin);
  out.input_ids.reserve(length + pieces.size());
  out.token_type_ids.reserve(length + pieces.size());
  if (offsets) out.offsets.reserve(length + pieces.size());
  for (const TemplatePiece& piece : pieces) {
    if (piece.kind == TemplatePiece::Kind::kFirst) {
      append(first, piece.type, offsets, out);
    } else if (piece.kind == TemplatePiece::Kind::kSecond) {
      append(second, piece.type, offsets, out);
    } else {
      out.input_ids.push_back(piece.id);
      out.token_type_ids.push_back(piece.type);
      if (offsets) out.offsets.push_back({0, 0});
    }
  }
  return out;
}

int64_t length_of(const TextTokens& tokens) { return static_cast<int64_t>(tokens.ids.size()); }

}  // namespace

TextLengths Tokenizer::Parts::kept(const TextLengths& lengths, bool has_pair,
                                   const EncodeOptions& options) const {
  if (options.max_length == 0) return lengths;
  const int64_t special = count_special(has_pair ? definition.pair : definition.single);
  if (options.max_length < special) {
    fail("max_length ", options.max_length, " leaves no room beside ", special, " special tokens");
  }
  return truncated(lengths, has_pair, options.max_length - special, options.truncation);
}

// tokenizers asks this of every call, whether the text is long enough to matter or not.
void Tokenizer::Parts::check_stride(const EncodeOptions& options) const {
  const int64_t room = options.max_length - count_special(definition.single);
  if (options.stride < 0 || (options.max_length != 0 && options.stride > room)) {
    fail("stride ", options.stride, " must be from 0 to ", room,
         ": at most max_length without its special tokens");
  }
}

std::vector<Encoding> Tokenizer::Parts::encode(std::string_view text, const std::string_view* pair,
                                               const EncodeOptions& options, bool overflow) const {
  const bool offsets = options.return_offsets;
  const TextTokens a = encoder.encode(text, offsets);
  const TextTokens b = pair != nullptr ? encoder.encode(*pair, offsets) : TextTokens{};
  const TextLengths lengths = kept({length_of(a), length_of(b)}, pair != nullptr, options);
  if (overflow) check_stride(options);
  const int64_t stride = overflow ? options.stride : 0;
  const bool left = definition.truncate_left;
  auto first = windows(length_of(a), lengths.first, stride, left);
  auto second = windows(length_of(b), lengths.second, stride, left);
  if (!overflow) {
    first.resize(1);
    second.resize(1);
  }

  // tokenizers' order: the first of both, the other windows of the first text with all of the
  // second, the first of the first with the others of the second.
  const auto& pieces = pair != nullptr ? definition.pair : definition.single;
  std::vector<Encoding> found;
  const auto combine = [&](const Window& x, const Window& y) {
    found.push_back(fill_template(pieces, {a, x}, {b, y}, offsets));
  };
  combine(first[0], second[0]);
  for (std::size_t i = 1; i < first.size(); ++i) {
    for (const Window& window : second) combine(first[i], window);
  }
  for (std::size_t j = 1; j < second.size(); ++j) combine(first[0], second[j]);
  return found;
}

Tokenizer::Tokenizer(std::unique_ptr<const Parts> parts) : parts_(std::move(parts)) {}
Tokenizer::Tokenizer(Tokenizer&&) noexcept = default;
Tokenizer& Tokenizer::operator=(Tokenizer&&) noexcept = default;
Tokenizer::~Tokenizer() = default;

Tokenizer Tokenizer::load(const std::string& directory) {
  return Tokenizer(std::make_unique<const Parts>(read_tokenizer(directory)));
}

Encoding Tokenizer::encode(std::string_view text, const EncodeOptions& options) const {
  return std::move(parts_->encode(text, nullptr, options, false)[0]);
}

Encoding Tokenizer::encode(std::string_view text, std::string_view pair,
                           const EncodeOptions& options) const {
  return std::move(parts_->encode(text, &pair, options, false)[0]);
}

std::vector<Encoding> Tokenizer::encode_windows(std::string_view text,
                                                const EncodeOptions& options) const {
  return parts_->encode(text, nullptr, options, true);
}

std::vector<Encoding> Tokenizer::encode_windows(std::string_view text, std::string_view pair,
                                                const EncodeOptions& options) const {
  return parts_->encode(text, &pair, options, true);
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
