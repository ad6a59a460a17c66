// Everything that a checkpoint's files say about its tokenizer: what tokenizer.json, or vocab.txt
// with tokenizer_config.json, are read into, and what they are written from again.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/json.h"
#include "tokenize/added_tokens.h"
#include "tokenize/encoding.h"
#include "tokenize/field.h"
#include "tokenize/normalizer.h"

namespace lathe {

// One step in building an encoding: a special token, or all tokens of a text.
struct TemplatePiece {
  enum class Kind { kSpecial, kFirst, kSecond };
  Kind kind;
  int32_t id;    // of the special token
  int32_t type;  // the token type that the piece gets
  bool operator==(const TemplatePiece&) const = default;
};

// A truncation that tokenizer.json holds. Its direction is TokenizerDefinition::truncate_left.
struct SavedTruncation {
  int64_t max_length = 0, stride = 0;
  Truncation strategy = Truncation::kLongestFirst;
};

// A padding that it holds.
struct SavedPadding {
  PadOptions options;
  std::string token = "[PAD]";
};

// What cuts a normalized text into words.
enum class PreTokenizer {
  kBert,        // whitespace, and each punctuation mark is a word
  kWhitespace,  // \w+|[^\w\s]+
};

struct TokenizerDefinition {
  NormalizerRules normalizer;
  std::optional<bool> strip_accents;  // as stated; where it is not, accents go when case goes
  PreTokenizer pre_tokenizer = PreTokenizer::kBert;

  std::vector<std::string> tokens;  // of the model, by id
  std::string unknown_token = "[UNK]";
  std::string continuing_prefix = "##";
  int64_t max_input_chars_per_word = 100;

  std::vector<AddedToken> added_tokens;  // by id; those the model has not come right behind it
  std::vector<TemplatePiece> single, pair;

  // What the checkpoint calls its special tokens: {"cls_token", "[CLS]"}, …
  std::vector<std::pair<std::string, std::string>> named_tokens;

  int64_t model_max_length = 0;  // 0: not stated
  bool truncate_left = false;    // truncation drops a text's first tokens, not its last
  bool pad_left = false;         // pad tokens go before a text's tokens
  std::optional<SavedTruncation> truncation;
  std::optional<SavedPadding> padding;

  Json config;   // tokenizer_config.json as it was read, an object
  Json decoder;  // of tokenizer.json; null where there was none
};

// Reads tokenizer.json where the directory has one, else vocab.txt; and tokenizer_config.json and
// special_tokens_map.json where it has them. Error naming file and key for whatever is missing,
// contradictory or not BERT's.
TokenizerDefinition read_tokenizer(const std::string& directory);

// Writes tokenizer.json, tokenizer_config.json, special_tokens_map.json and vocab.txt.
void write_tokenizer(const TokenizerDefinition& definition, const std::string& directory);

// The parts of read_tokenizer.
void read_tokenizer_json(const std::string& path, TokenizerDefinition& definition);
void read_truncation(const Field& part, TokenizerDefinition& definition);
void read_padding(const Field& part, TokenizerDefinition& definition);
void read_vocabulary_file(const std::string& path, TokenizerDefinition& definition);
void read_special_tokens(const std::string& directory, bool defaults,
                         TokenizerDefinition& definition);

// The parts of write_tokenizer.
Json truncation_json(const TokenizerDefinition& definition);
Json padding_json(const TokenizerDefinition& definition);

// [CLS] first [SEP], and [CLS] first [SEP] second [SEP] with the second text's types 1.
void set_bert_template(int32_t cls, int32_t sep, TokenizerDefinition& definition);

// The decoder that Transformers gives a vocab.txt.
Json bert_decoder(const std::string& continuing_prefix);

// The id of a token of the model or of an added one; -1 where there is none.
int32_t find_token(const TokenizerDefinition& definition, const std::string& token);

}  // namespace lathe
