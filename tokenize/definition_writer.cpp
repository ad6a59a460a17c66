// A TokenizerDefinition into the four files that Transformers and tokenizers read.
#include <algorithm>

#include "base/file.h"
#include "tokenize/definition.h"

namespace lathe {

namespace {

using Kind = TemplatePiece::Kind;

Json typed(const char* type) {
  Json object = Json::object();
  object["type"] = type;
  return object;
}

Json strip_accents_json(const TokenizerDefinition& definition) {
  return definition.strip_accents ? Json(*definition.strip_accents) : Json();
}

Json added_tokens_json(const TokenizerDefinition& definition) {
  Json list = Json::array();
  for (const AddedToken& token : definition.added_tokens) {
    Json object = Json::object();
    object["id"] = token.id;
    object["content"] = token.content;
    object["single_word"] = token.single_word;
    object["lstrip"] = token.lstrip;
    object["rstrip"] = token.rstrip;
    object["normalized"] = token.normalized;
    object["special"] = token.special;
    list.push_back(std::move(object));
  }
  return list;
}

Json normalizer_json(const TokenizerDefinition& definition) {
  Json object = typed("BertNormalizer");
  object["clean_text"] = definition.normalizer.clean_text;
  object["handle_chinese_chars"] = definition.normalizer.handle_chinese_chars;
  object["strip_accents"] = strip_accents_json(definition);
  object["lowercase"] = definition.normalizer.lowercase;
  return object;
}

const std::string& token_text(const TokenizerDefinition& definition, int32_t id) {
  const auto index = static_cast<std::size_t>(id);
  if (index < definition.tokens.size()) return definition.tokens[index];
  return std::find_if(definition.added_tokens.begin(), definition.added_tokens.end(),
                      [&](const AddedToken& token) { return token.id == id; })
      ->content;
}

Json template_json(const TokenizerDefinition& definition,
                   const std::vector<TemplatePiece>& pieces) {
  Json list = Json::array();
  for (const TemplatePiece& piece : pieces) {
    Json what = Json::object();
    what["id"] = piece.kind == Kind::kFirst    ? Json("A")
                 : piece.kind == Kind::kSecond ? Json("B")
                                               : Json(token_text(definition, piece.id));
    what["type_id"] = piece.type;
    Json object = Json::object();
    object[piece.kind == Kind::kSpecial ? "SpecialToken" : "Sequence"] = std::move(what);
    list.push_back(std::move(object));
  }
  return list;
}

Json post_processor_json(const TokenizerDefinition& definition) {
  Json special = Json::object();
  for (const auto* pieces : {&definition.single, &definition.pair}) {
    for (const TemplatePiece& piece : *pieces) {
      if (piece.kind != Kind::kSpecial) continue;
      const std::string& token = token_text(definition, piece.id);
      Json object = Json::object();
      object["id"] = token;
      object["ids"] = Json::Array{piece.id};
      object["tokens"] = Json::Array{token};
      special[token] = std::move(object);
    }
  }
  Json object = typed("TemplateProcessing");
  object["single"] = template_json(definition, definition.single);
  object["pair"] = template_json(definition, definition.pair);
  object["special_tokens"] = std::move(special);
  return object;
}

Json model_json(const TokenizerDefinition& definition) {
  Json::Object vocabulary;
  vocabulary.reserve(definition.tokens.size());
  for (const std::string& token : definition.tokens) {
    vocabulary.emplace_back(token, static_cast<int64_t>(vocabulary.size()));
  }
  Json object = typed("WordPiece");
  object["unk_token"] = definition.unknown_token;
  object["continuing_subword_prefix"] = definition.continuing_prefix;
  object["max_input_chars_per_word"] = definition.max_input_chars_per_word;
  object["vocab"] = std::move(vocabulary);
  return object;
}

Json tokenizer_json(const TokenizerDefinition& definition) {
  Json file = Json::object();
  file["version"] = "1.0";
  file["truncation"] = truncation_json(definition);
  file["padding"] = padding_json(definition);
  file["added_tokens"] = added_tokens_json(definition);
  file["normalizer"] = normalizer_json(definition);
  file["pre_tokenizer"] =
      typed(definition.pre_tokenizer == PreTokenizer::kBert ? "BertPreTokenizer" : "Whitespace");
  file["post_processor"] = post_processor_json(definition);
  file["decoder"] = definition.decoder;
  file["model"] = model_json(definition);
  return file;
}

// Whether Transformers' BertTokenizer, which takes only vocabulary and options from the files and
// builds the rest itself, comes to the same. Otherwise the class is named that takes all of
// tokenizer.json as it is.
bool is_plain_bert(const TokenizerDefinition& definition) {
  if (definition.single.size() != 3 || definition.single[0].kind != Kind::kSpecial ||
      definition.single[2].kind != Kind::kSpecial) {
    return false;
  }
  TokenizerDefinition plain;
  set_bert_template(definition.single[0].id, definition.single[2].id, plain);
  return definition.single == plain.single && definition.pair == plain.pair &&
         definition.normalizer.clean_text && definition.pre_tokenizer == PreTokenizer::kBert &&
         definition.continuing_prefix == plain.continuing_prefix &&
         definition.max_input_chars_per_word == plain.max_input_chars_per_word;
}

Json special_tokens_json(const TokenizerDefinition& definition) {
  Json object = Json::object();
  for (const auto& [name, content] : definition.named_tokens) object[name] = content;
  return object;
}

// What the checkpoint had, without what is written elsewhere or belonged to a saved call.
Json config_json(const TokenizerDefinition& definition) {
  Json file = Json::object();
  for (const auto& [key, value] : definition.config.as_object()) {
    const bool stale = key == "added_tokens_decoder" || key == "additional_special_tokens" ||
                       key == "extra_special_tokens" || key == "max_length" || key == "stride" ||
                       key == "truncation_strategy" || key == "pad_to_multiple_of" ||
                       key == "name_or_path" || key == "tokenizer_file" ||
                       key == "special_tokens_map_file";
    if (!stale) file[key] = value;
  }
  for (const auto& [name, content] : definition.named_tokens) file[name] = content;
  file["do_lower_case"] = definition.normalizer.lowercase;
  file["strip_accents"] = strip_accents_json(definition);
  file["tokenize_chinese_chars"] = definition.normalizer.handle_chinese_chars;
  const bool plain = is_plain_bert(definition);
  file["tokenizer_class"] = plain ? "BertTokenizer" : "TokenizersBackend";
  if (!plain) {  // what BertTokenizer knows by itself
    file["model_input_names"] = Json::Array{"input_ids", "token_type_ids", "attention_mask"};
  }
  if (definition.model_max_length > 0) file["model_max_length"] = definition.model_max_length;
  return file;
}

std::string vocabulary_text(const TokenizerDefinition& definition) {
  std::string text;
  for (const std::string& token : definition.tokens) text.append(token).append("\n");
  return text;
}

}  // namespace

Json bert_decoder(const std::string& continuing_prefix) {
  Json object = typed("WordPiece");
  object["prefix"] = continuing_prefix;
  object["cleanup"] = true;
  return object;
}

void write_tokenizer(const TokenizerDefinition& definition, const std::string& directory) {
  write_json_file(directory + "/tokenizer.json", tokenizer_json(definition));
  write_json_file(directory + "/tokenizer_config.json", config_json(definition));
  write_json_file(directory + "/special_tokens_map.json", special_tokens_json(definition));
  write_file(directory + "/vocab.txt", vocabulary_text(definition));
}

}  // namespace lathe
