// tokenizer.json, as tokenizers 0.23 writes it, into a TokenizerDefinition.
#include <algorithm>

#include "tokenize/definition.h"
#include "tokenize/field.h"

namespace lathe {

namespace {

void expect_type(const Field& part, std::string_view wanted) {
  if (part.is_null()) part.refuse("is null, BERT's is ", wanted);
  const Field type = part["type"];
  if (type.string() != wanted) {
    type.refuse("\"", type.string(), "\" is not BERT's; only ", wanted, " is supported");
  }
}

// None at all: the text stays as it is.
void read_normalizer(const Field& part, TokenizerDefinition& definition) {
  NormalizerRules& rules = definition.normalizer;
  if (part.is_null()) {
    rules = {false, false, false, false};
    return;
  }
  expect_type(part, "BertNormalizer");
  part.expect_only({"type", "clean_text", "handle_chinese_chars", "strip_accents", "lowercase"});
  rules.clean_text = part["clean_text"].boolean();
  rules.handle_chinese_chars = part["handle_chinese_chars"].boolean();
  rules.lowercase = part["lowercase"].boolean();
  if (const Field stated = part.find("strip_accents"); !stated.is_null()) {
    definition.strip_accents = stated.boolean();
  }
  rules.strip_accents = definition.strip_accents.value_or(rules.lowercase);
}

void read_pre_tokenizer(const Field& part, TokenizerDefinition& definition) {
  if (!part.is_null() && part["type"].string() == "Whitespace") {
    definition.pre_tokenizer = PreTokenizer::kWhitespace;
  } else {
    expect_type(part, "BertPreTokenizer");
  }
  part.expect_only({"type"});
}

void read_model(const Field& part, TokenizerDefinition& definition) {
  part.expect_only(
      {"type", "unk_token", "continuing_subword_prefix", "max_input_chars_per_word", "vocab"});
  // Files of the first versions do not state the type.
  if (!part.find("type").is_null()) expect_type(part, "WordPiece");
  definition.unknown_token = part["unk_token"].string();
  definition.continuing_prefix = part["continuing_subword_prefix"].string();
  definition.max_input_chars_per_word = part["max_input_chars_per_word"].integer();

  const Field vocabulary = part["vocab"];
  const Json::Object& members = vocabulary.object().as_object();
  std::vector<bool> taken(members.size());
  definition.tokens.resize(members.size());
  for (const auto& [token, value] : members) {
    const bool inside = value.is_integer() && value.as_integer() >= 0 &&
                        static_cast<std::size_t>(value.as_integer()) < members.size();
    if (!inside || taken[static_cast<std::size_t>(value.as_integer())]) {
      vocabulary.refuse("\"", token, "\": expected an id below ", members.size(),
                        " that no other token has, found ", value.dump());
    }
    const auto id = static_cast<std::size_t>(value.as_integer());
    taken[id] = true;
    definition.tokens[id] = token;
  }
}

AddedToken read_added_token(const Field& field) {
  field.expect_only({"id", "content", "single_word", "lstrip", "rstrip", "normalized", "special"});
  AddedToken token;
  token.content = field["content"].string();
  token.id = static_cast<int32_t>(field["id"].integer());
  token.special = field["special"].boolean();
  token.single_word = field["single_word"].boolean();
  token.lstrip = field["lstrip"].boolean();
  token.rstrip = field["rstrip"].boolean();
  token.normalized = field["normalized"].boolean();
  if (token.content.empty()) field["content"].refuse("is empty");
  return token;
}

void read_added_tokens(const Field& list, TokenizerDefinition& definition) {
  if (list.is_null()) return;
  for (std::size_t i = 0; i < list.array_size(); ++i) {
    definition.added_tokens.push_back(read_added_token(list.element(i)));
  }
}

using Template = std::vector<TemplatePiece>;

void append_special(const Field& processor, const Field& piece, Template& out) {
  const Field token = processor["special_tokens"][piece["id"].string()];
  const Field ids = token["ids"];
  const auto type = static_cast<int32_t>(piece["type_id"].integer());
  for (std::size_t i = 0; i < ids.array_size(); ++i) {
    out.push_back(
        {TemplatePiece::Kind::kSpecial, static_cast<int32_t>(ids.element(i).integer()), type});
  }
}

Template read_template(const Field& processor, std::string_view name, const std::string& texts) {
  const Field list = processor[name];
  Template pieces;
  std::string found;
  for (std::size_t i = 0; i < list.array_size(); ++i) {
    const Field element = list.element(i);
    if (const Field special = element.find("SpecialToken"); !special.is_null()) {
      append_special(processor, special, pieces);
      continue;
    }
    const Field sequence = element["Sequence"];
    const std::string& text = sequence["id"].string();
    const auto kind = text == "A" ? TemplatePiece::Kind::kFirst : TemplatePiece::Kind::kSecond;
    pieces.push_back({kind, -1, static_cast<int32_t>(sequence["type_id"].integer())});
    found += text;
  }
  if (found != texts) list.refuse("expected the texts \"", texts, "\", found \"", found, "\"");
  return pieces;
}

int32_t read_processor_id(const Field& pair) {
  if (pair.array_size() != 2) pair.refuse("expected a token and its id");
  return static_cast<int32_t>(pair.element(1).integer());
}

void read_post_processor(const Field& part, TokenizerDefinition& definition) {
  if (!part.is_null() && part["type"].string() == "BertProcessing") {
    part.expect_only({"type", "sep", "cls"});
    set_bert_template(read_processor_id(part["cls"]), read_processor_id(part["sep"]), definition);
    return;
  }
  expect_type(part, "TemplateProcessing");
  part.expect_only({"type", "single", "pair", "special_tokens"});
  definition.single = read_template(part, "single", "A");
  definition.pair = read_template(part, "pair", "AB");
}

void read_decoder(const Field& part, TokenizerDefinition& definition) {
  definition.decoder = part.json();
  if (part.is_null()) return;
  expect_type(part, "WordPiece");
  part.expect_only({"type", "prefix", "cleanup"});
  part["prefix"].string();
  part["cleanup"].boolean();
}

}  // namespace

void set_bert_template(int32_t cls, int32_t sep, TokenizerDefinition& definition) {
  using Kind = TemplatePiece::Kind;
  definition.single = {{Kind::kSpecial, cls, 0}, {Kind::kFirst, -1, 0}, {Kind::kSpecial, sep, 0}};
  definition.pair = definition.single;
  definition.pair.push_back({Kind::kSecond, -1, 1});
  definition.pair.push_back({Kind::kSpecial, sep, 1});
}

void read_tokenizer_json(const std::string& path, TokenizerDefinition& definition) {
  const Json json = read_json_file(path);
  const Field file(json, path);
  file.expect_only({"version", "truncation", "padding", "added_tokens", "normalizer",
                    "pre_tokenizer", "post_processor", "decoder", "model"});
  if (const Field version = file.find("version"); !version.is_null() && version.string() != "1.0") {
    version.refuse("expected \"1.0\", found ", quoted(version.string()));
  }
  read_truncation(file.find("truncation"), definition);
  read_padding(file.find("padding"), definition);
  read_normalizer(file.find("normalizer"), definition);
  read_pre_tokenizer(file.find("pre_tokenizer"), definition);
  read_post_processor(file.find("post_processor"), definition);
  read_model(file["model"], definition);
  read_added_tokens(file.find("added_tokens"), definition);
  read_decoder(file.find("decoder"), definition);
}

}  // namespace lathe
