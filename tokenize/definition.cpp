#include "tokenize/definition.h"

#include <algorithm>
#include <unordered_set>

#include "base/error.h"
#include "base/file.h"
#include "base/utf8.h"
#include "tokenize/field.h"
#include "tokenize/unicode.h"

namespace lathe {

namespace {

constexpr double kNoLimit = 1e9;  // Transformers writes 1e30 where a model states no maximum

// Options that Transformers' tokenizers have and the rules of this one leave no place for.
void refuse_unsupported(const Field& config) {
  if (config.boolean_or("split_special_tokens", false)) {
    config["split_special_tokens"].refuse("true is not supported");
  }
  if (!config.boolean_or("do_basic_tokenize", true)) {
    config["do_basic_tokenize"].refuse("false is not supported");
  }
  const Field never_split = config.find("never_split");
  if (!never_split.is_null() && never_split.array_size() > 0)
    never_split.refuse("is not supported");
}

void read_limits(const Field& config, TokenizerDefinition& definition) {
  const Json& length = config.find("model_max_length").json();
  if (length.is_number() && length.as_double() > 0 && length.as_double() < kNoLimit) {
    definition.model_max_length = static_cast<int64_t>(length.as_double());
  }
}

// Transformers lets tokenizer_config.json win over what tokenizer.json holds.
void read_side(const Field& side, bool& left) {
  if (side.is_null()) return;
  if (side.string() != "left" && side.string() != "right") {
    side.refuse("expected \"left\" or \"right\", found ", side.string());
  }
  left = side.string() == "left";
}

// Transformers would follow tokenizer_config.json, tokenizers tokenizer.json.
void check_agreement(const Field& config, std::string_view key, bool value) {
  const Field stated = config.find(key);
  if (stated.is_null() || stated.boolean() == value) return;
  stated.refuse(stated.boolean() ? "true" : "false",
                " contradicts the normalizer in tokenizer.json");
}

void read_rules(const Field& config, TokenizerDefinition& definition) {
  NormalizerRules& rules = definition.normalizer;
  rules.lowercase = config.boolean_or("do_lower_case", true);
  rules.handle_chinese_chars = config.boolean_or("tokenize_chinese_chars", true);
  if (const Field stated = config.find("strip_accents"); !stated.is_null()) {
    definition.strip_accents = stated.boolean();
  }
  rules.strip_accents = definition.strip_accents.value_or(rules.lowercase);
}

// Lathe's rules are those of BertTokenizer; of the classes that share its vocab.txt, some have
// others.
void check_class(const Field& config) {
  const Field stated = config.find("tokenizer_class");
  if (stated.is_null()) return;
  std::string name = stated.string();
  if (name.ends_with("Fast")) name.resize(name.size() - 4);
  for (const char* known : {"BertTokenizer", "DistilBertTokenizer", "ElectraTokenizer",
                            "MobileBertTokenizer", "ConvBertTokenizer", "LayoutLMTokenizer"}) {
    if (name == known) return;
  }
  stated.refuse("\"", stated.string(), "\" does not read vocab.txt as BertTokenizer does");
}

// A text that stands twice has two ids, of which nothing says which is meant.
void check_vocabulary(const std::string& where, const std::vector<std::string>& tokens) {
  if (tokens.empty()) fail(where, ": the vocabulary is empty");
  std::unordered_set<std::string_view> seen(2 * tokens.size());
  for (std::size_t id = 0; id < tokens.size(); ++id) {
    if (!seen.insert(tokens[id]).second) {
      fail(where, ": the token of id ", id, " is also that of a smaller id: \"", tokens[id], "\"");
    }
    if (tokens[id].find('\n') != std::string::npos) {
      fail(where, ": the token of id ", id, " contains a line end");
    }
  }
}

void check_added_tokens(const std::string& where, TokenizerDefinition& definition) {
  auto& added = definition.added_tokens;
  std::stable_sort(added.begin(), added.end(),
                   [](const AddedToken& a, const AddedToken& b) { return a.id < b.id; });
  const auto model_size = static_cast<int32_t>(definition.tokens.size());
  int32_t next = model_size;
  for (std::size_t i = 0; i < added.size(); ++i) {
    const AddedToken& token = added[i];
    if (token.id < 0 || token.id > next || (i > 0 && token.id == added[i - 1].id)) {
      fail(where, ": added token \"", token.content, "\": the id ", token.id,
           " is taken, or not the next after the model's ids");
    }
    if (token.id == next) ++next;
    const std::string& stated = token.id < model_size
                                    ? definition.tokens[static_cast<std::size_t>(token.id)]
                                    : token.content;
    if (stated != token.content || find_token(definition, token.content) != token.id) {
      fail(where, ": added token \"", token.content, "\" and the vocabulary disagree on the id ",
           token.id);
    }
  }
}

void check_ids(const std::string& where, const TokenizerDefinition& definition) {
  const auto& tokens = definition.tokens;
  if (std::find(tokens.begin(), tokens.end(), definition.unknown_token) == tokens.end()) {
    fail(where, ": the vocabulary has no unk_token \"", definition.unknown_token, "\"");
  }
  int32_t size = static_cast<int32_t>(tokens.size());
  for (const AddedToken& token : definition.added_tokens) size = std::max(size, token.id + 1);
  for (const TemplatePiece& piece : definition.pair) {
    if (piece.kind == TemplatePiece::Kind::kSpecial && (piece.id < 0 || piece.id >= size)) {
      fail(where, ": post_processor: the vocabulary has no id ", piece.id);
    }
  }
  if (definition.max_input_chars_per_word < 1) {
    fail(where, ": model.max_input_chars_per_word: expected a positive number");
  }
}

int32_t id_of_named(const std::string& where, const char* name,
                    const TokenizerDefinition& definition) {
  for (const auto& [key, content] : definition.named_tokens) {
    if (key == name) return find_token(definition, content);
  }
  fail(where, ": has no ", name);
}

}  // namespace

int32_t find_token(const TokenizerDefinition& definition, const std::string& token) {
  const auto& tokens = definition.tokens;
  if (const auto at = std::find(tokens.begin(), tokens.end(), token); at != tokens.end()) {
    return static_cast<int32_t>(at - tokens.begin());
  }
  for (const AddedToken& added : definition.added_tokens) {
    if (added.content == token) return added.id;
  }
  return -1;
}

TokenizerDefinition read_tokenizer(const std::string& directory) {
  TokenizerDefinition definition;
  const std::string config_path = directory + "/tokenizer_config.json";
  definition.config = file_exists(config_path) ? read_json_file(config_path) : Json::object();
  const Field config(definition.config, config_path);
  refuse_unsupported(config);
  read_limits(config, definition);

  std::string path = directory + "/tokenizer.json";
  if (file_exists(path)) {
    read_tokenizer_json(path, definition);
    check_agreement(config, "do_lower_case", definition.normalizer.lowercase);
    check_agreement(config, "strip_accents", definition.normalizer.strip_accents);
    check_agreement(config, "tokenize_chinese_chars", definition.normalizer.handle_chinese_chars);
    read_special_tokens(directory, /*defaults=*/false, definition);
  } else {
    path = directory + "/vocab.txt";
    if (!file_exists(path)) fail(directory, ": has neither tokenizer.json nor vocab.txt");
    check_class(config);
    read_rules(config, definition);
    read_vocabulary_file(path, definition);
    read_special_tokens(directory, /*defaults=*/true, definition);
    set_bert_template(id_of_named(path, "cls_token", definition),
                      id_of_named(path, "sep_token", definition), definition);
    definition.decoder = bert_decoder(definition.continuing_prefix);
  }
  read_side(config.find("truncation_side"), definition.truncate_left);
  read_side(config.find("padding_side"), definition.pad_left);
  check_vocabulary(path, definition.tokens);
  check_added_tokens(path, definition);
  check_ids(path, definition);
  return definition;
}

// One token a line; the whitespace at a line's end is not part of it, as tokenizers reads the file.
void read_vocabulary_file(const std::string& path, TokenizerDefinition& definition) {
  const MappedFile file(path);
  std::string_view text = file.bytes();
  if (const std::size_t valid = valid_utf8_prefix(text); valid < text.size()) {
    fail(path, ": not valid UTF-8 at byte ", valid);
  }
  while (!text.empty()) {
    const std::size_t end = std::min(text.find('\n'), text.size());
    const std::string_view line = text.substr(0, end);
    definition.tokens.emplace_back(line.substr(0, line.size() - trailing_whitespace(line)));
    text.remove_prefix(std::min(end + 1, text.size()));
  }
}

}  // namespace lathe
