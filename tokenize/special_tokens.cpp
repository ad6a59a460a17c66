// The special tokens that tokenizer_config.json, special_tokens_map.json and added_tokens.json name
// beside those of tokenizer.json, in Transformers' order of precedence.
#include <algorithm>
#include <charconv>

#include "base/file.h"
#include "tokenize/definition.h"
#include "tokenize/field.h"

namespace lathe {

namespace {

struct NamedToken {
  const char* key;
  const char* fallback;  // BertTokenizer's; null: none
};
// In the order in which Transformers gives them ids where the vocabulary has them not.
constexpr NamedToken kNamedTokens[] = {
    {"bos_token", nullptr},   {"eos_token", nullptr}, {"unk_token", "[UNK]"},
    {"sep_token", "[SEP]"},   {"pad_token", "[PAD]"}, {"cls_token", "[CLS]"},
    {"mask_token", "[MASK]"},
};

// A token as Transformers writes it: its text, or an object with its options.
AddedToken parse_token(const Field& field) {
  AddedToken token;
  token.special = true;
  if (field.is_string()) {
    token.content = field.string();
  } else {
    token.content = field["content"].string();
    token.special = field.boolean_or("special", true);
    token.single_word = field.boolean_or("single_word", false);
    token.lstrip = field.boolean_or("lstrip", false);
    token.rstrip = field.boolean_or("rstrip", false);
    token.normalized = field.boolean_or("normalized", !token.special);
  }
  if (token.content.empty()) field.refuse("the token is empty");
  return token;
}

bool is_added(const TokenizerDefinition& definition, const std::string& content) {
  return std::any_of(definition.added_tokens.begin(), definition.added_tokens.end(),
                     [&](const AddedToken& token) { return token.content == content; });
}

void add_if_new(const Field& field, AddedToken token, TokenizerDefinition& definition) {
  if (is_added(definition, token.content)) return;
  token.id = find_token(definition, token.content);
  if (token.id < 0) field.refuse("\"", token.content, "\" is not in the vocabulary");
  definition.added_tokens.push_back(std::move(token));
}

// {"30522": {"content": "<ent>", …}, …}
void read_decoder(const Field& decoder, TokenizerDefinition& definition) {
  for (const auto& [key, value] : decoder.object().as_object()) {
    const Field field = decoder.find(key);
    AddedToken token = parse_token(field);
    const auto parsed = std::from_chars(key.data(), key.data() + key.size(), token.id);
    if (parsed.ptr != key.data() + key.size()) field.refuse("the key is not an id");
    if (!is_added(definition, token.content)) definition.added_tokens.push_back(std::move(token));
  }
}

// {"<ent>": 30522, …}
void read_added_tokens_file(const std::string& path, TokenizerDefinition& definition) {
  const Json json = read_json_file(path);
  const Field file(json, path);
  for (const auto& [content, value] : file.object().as_object()) {
    AddedToken token;
    token.content = content;
    token.id = static_cast<int32_t>(file[content].integer());
    token.normalized = true;
    if (!is_added(definition, content)) definition.added_tokens.push_back(std::move(token));
  }
}

// Transformers lets special_tokens_map.json win, unless the configuration has the newer key.
Field choose(const Field& config, const Field& map, std::string_view key) {
  const Field from_map = map.find(key);
  const bool modern = !config.find("added_tokens_decoder").is_null();
  return modern || from_map.is_null() ? config.find(key) : from_map;
}

void read_named(const Field& config, const Field& map, bool defaults,
                TokenizerDefinition& definition) {
  for (const NamedToken& named : kNamedTokens) {
    const Field field = choose(config, map, named.key);
    if (!field.is_null()) {
      AddedToken token = parse_token(field);
      definition.named_tokens.emplace_back(named.key, token.content);
      add_if_new(field, std::move(token), definition);
    } else if (defaults && named.fallback != nullptr &&
               find_token(definition, named.fallback) >= 0) {
      definition.named_tokens.emplace_back(named.key, named.fallback);
      const Json fallback(named.fallback);
      add_if_new(Field(fallback, ""), parse_token(Field(fallback, "")), definition);
    }
  }
}

void read_list(const Field& list, TokenizerDefinition& definition) {
  if (list.is_null() || list.is_object()) return;
  for (std::size_t i = 0; i < list.array_size(); ++i) {
    const Field element = list.element(i);
    add_if_new(element, parse_token(element), definition);
  }
}

}  // namespace

void read_special_tokens(const std::string& directory, bool defaults,
                         TokenizerDefinition& definition) {
  const std::string map_path = directory + "/special_tokens_map.json";
  const std::string added_path = directory + "/added_tokens.json";
  const Json map_json = file_exists(map_path) ? read_json_file(map_path) : Json::object();
  const Field map(map_json, map_path);
  const Field config(definition.config, directory + "/tokenizer_config.json");

  if (const Field decoder = config.find("added_tokens_decoder"); !decoder.is_null()) {
    read_decoder(decoder, definition);
  } else if (file_exists(added_path)) {
    read_added_tokens_file(added_path, definition);
  }
  read_named(config, map, defaults, definition);
  for (const char* key : {"additional_special_tokens", "extra_special_tokens"}) {
    read_list(choose(config, map, key), definition);
  }
  for (const auto& [name, content] : definition.named_tokens) {
    if (name == "unk_token" && defaults) definition.unknown_token = content;
  }
}

}  // namespace lathe
