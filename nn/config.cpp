#include "nn/config.h"

#include <algorithm>
#include <array>
#include <functional>

#include "base/error.h"

namespace lathe {

namespace {

constexpr int64_t kMaxExtent = int64_t{1} << 28;  // products of two extents stay far from overflow

constexpr std::array<std::string_view, 3> kProblemTypes = {
    "single_label_classification", "multi_label_classification", "regression"};

// One key of config.json: how it is read into a field and written from it.
struct Field {
  std::string_view key;
  std::function<void(BertConfig&, const Json&)> read;
  std::function<Json(const BertConfig&)> write;
};

Field integer_field(std::string_view key, int64_t BertConfig::*member) {
  return {key, [=](BertConfig& config, const Json& json) { config.*member = json.as_integer(); },
          [=](const BertConfig& config) { return Json(config.*member); }};
}

Field number_field(std::string_view key, double BertConfig::*member) {
  return {key, [=](BertConfig& config, const Json& json) { config.*member = json.as_double(); },
          [=](const BertConfig& config) { return Json(config.*member); }};
}

void read_pad_token(BertConfig& config, const Json& json) {
  config.pad_token_id = json.is_null() ? -1 : json.as_integer();
}

Json write_pad_token(const BertConfig& config) {
  return config.pad_token_id < 0 ? Json() : Json(config.pad_token_id);
}

void read_classifier_dropout(BertConfig& config, const Json& json) {
  config.classifier_dropout.reset();
  if (!json.is_null()) config.classifier_dropout = json.as_double();
}

Json write_classifier_dropout(const BertConfig& config) {
  return config.classifier_dropout ? Json(*config.classifier_dropout) : Json();
}

void read_problem_type(BertConfig& config, const Json& json) {
  config.problem_type.reset();
  if (!json.is_null()) config.problem_type = problem_type_named(json.as_string());
}

Json write_problem_type(const BertConfig& config) {
  return config.problem_type ? Json(name_of(*config.problem_type)) : Json();
}

const std::vector<Field>& fields() {
  static const std::vector<Field> all = {
      integer_field("vocab_size", &BertConfig::vocab_size),
      integer_field("hidden_size", &BertConfig::hidden_size),
      integer_field("num_hidden_layers", &BertConfig::num_hidden_layers),
      integer_field("num_attention_heads", &BertConfig::num_attention_heads),
      integer_field("intermediate_size", &BertConfig::intermediate_size),
      integer_field("max_position_embeddings", &BertConfig::max_position_embeddings),
      integer_field("type_vocab_size", &BertConfig::type_vocab_size),
      number_field("hidden_dropout_prob", &BertConfig::hidden_dropout_prob),
      number_field("attention_probs_dropout_prob", &BertConfig::attention_probs_dropout_prob),
      number_field("layer_norm_eps", &BertConfig::layer_norm_eps),
      number_field("initializer_range", &BertConfig::initializer_range),
      {"pad_token_id", read_pad_token, write_pad_token},
      {"classifier_dropout", read_classifier_dropout, write_classifier_dropout},
      {"problem_type", read_problem_type, write_problem_type},
  };
  return all;
}

// Keys whose other values make another model than the encoder that Lathe computes.
void require_variant(const Json& json, std::string_view key, const Json::Array& accepted) {
  const Json* value = json.find(key);
  if (value == nullptr || value->is_null()) return;
  if (std::find(accepted.begin(), accepted.end(), *value) != accepted.end()) return;
  fail(key, " is ", value->dump(), "; only ", accepted.front().dump(), " is supported");
}

std::vector<std::string> labels_of(const Json& id2label) {
  const Json::Object& members = id2label.as_object();
  std::vector<std::string> labels(members.size());
  std::vector<bool> seen(members.size());
  for (const auto& [key, value] : members) {
    std::size_t id = members.size();
    if (!key.empty() && key.size() < 10 &&
        key.find_first_not_of("0123456789") == std::string::npos) {
      id = std::stoul(key);
    }
    if (id >= members.size() || seen[id]) {
      fail("id2label has the key \"", key, "\"; its ", members.size(), " keys must be 0 to ",
           members.size() - 1);
    }
    seen[id] = true;
    labels[id] = value.as_string();
  }
  return labels;
}

void read_labels(BertConfig& config, const Json& json) {
  const Json* id2label = json.find("id2label");
  const Json* num_labels = json.find("num_labels");
  if (id2label != nullptr && !id2label->is_null()) {
    config.labels = labels_of(*id2label);
  } else if (num_labels != nullptr && !num_labels->is_null()) {
    if (num_labels->as_integer() < 1 || num_labels->as_integer() > kMaxExtent) {
      fail("num_labels is ", num_labels->as_integer(), "; at least 1 is needed");
    }
    config.labels.clear();
    for (int64_t i = 0; i < num_labels->as_integer(); ++i)
      config.labels.push_back(concat("LABEL_", i));
    return;
  }
  if (config.labels.empty()) fail("id2label is empty; at least one label is needed");
  if (num_labels != nullptr && num_labels->is_integer() &&
      num_labels->as_integer() != config.num_labels()) {
    fail("num_labels is ", num_labels->as_integer(), ", but id2label has ", config.num_labels(),
         " labels");
  }
  const Json* label2id = json.find("label2id");
  if (label2id == nullptr || label2id->is_null()) return;
  for (const auto& [label, id] : label2id->as_object()) {
    const int64_t number = id.as_integer();
    if (number < 0 || number >= config.num_labels() ||
        config.labels[static_cast<std::size_t>(number)] != label) {
      fail("label2id gives \"", label, "\" the number ", number, ", which id2label does not");
    }
  }
}

void require_extent(std::string_view key, int64_t value) {
  if (value < 1 || value > kMaxExtent) {
    fail(key, " is ", value, "; it must be between 1 and ", kMaxExtent);
  }
}

void require_probability(std::string_view key, double value) {
  if (!(value >= 0.0 && value < 1.0))
    fail(key, " is ", value, "; it must be at least 0 and below 1");
}

void require_consistent(const BertConfig& config) {
  require_extent("vocab_size", config.vocab_size);
  require_extent("hidden_size", config.hidden_size);
  require_extent("num_hidden_layers", config.num_hidden_layers);
  require_extent("num_attention_heads", config.num_attention_heads);
  require_extent("intermediate_size", config.intermediate_size);
  require_extent("max_position_embeddings", config.max_position_embeddings);
  require_extent("type_vocab_size", config.type_vocab_size);
  require_probability("hidden_dropout_prob", config.hidden_dropout_prob);
  require_probability("attention_probs_dropout_prob", config.attention_probs_dropout_prob);
  require_probability("classifier_dropout", config.classifier_dropout_prob());
  if (config.hidden_size % config.num_attention_heads != 0) {
    fail("hidden_size ", config.hidden_size, " is not a multiple of num_attention_heads ",
         config.num_attention_heads);
  }
  if (config.pad_token_id >= config.vocab_size) {
    fail("pad_token_id is ", config.pad_token_id, ", outside the vocab_size ", config.vocab_size);
  }
  if (!(config.layer_norm_eps > 0.0 && config.layer_norm_eps < 1.0)) {
    fail("layer_norm_eps is ", config.layer_norm_eps, "; it must be between 0 and 1");
  }
  if (!(config.initializer_range >= 0.0 && config.initializer_range < 1e3)) {
    fail("initializer_range is ", config.initializer_range, "; it must be between 0 and 1000");
  }
}

const Field* find_field(std::string_view key) {
  const auto found = std::find_if(fields().begin(), fields().end(),
                                  [&](const Field& field) { return field.key == key; });
  return found == fields().end() ? nullptr : &*found;
}

void read_field(const Field& field, BertConfig& config, const Json& value) {
  try {
    field.read(config, value);
  } catch (const Error& error) {
    fail(field.key, ": ", error.what());
  }
}

}  // namespace

std::string_view name_of(ProblemType type) { return kProblemTypes[static_cast<std::size_t>(type)]; }

ProblemType problem_type_named(std::string_view name) {
  const auto found = std::find(kProblemTypes.begin(), kProblemTypes.end(), name);
  if (found == kProblemTypes.end()) {
    fail("problem_type \"", name, "\": one of ", kProblemTypes[0], ", ", kProblemTypes[1], ", ",
         kProblemTypes[2], " is needed");
  }
  return static_cast<ProblemType>(found - kProblemTypes.begin());
}

BertConfig config_from_json(const Json& json, const std::string& where) {
  try {
    if (!json.is_object()) fail("expected an object, found ", json.kind());
    require_variant(json, "model_type", {"bert"});
    require_variant(json, "hidden_act", {"gelu", "gelu_python"});  // two names of the erf form
    require_variant(json, "position_embedding_type", {"absolute"});
    require_variant(json, "is_decoder", {false});
    require_variant(json, "add_cross_attention", {false});
    BertConfig config;
    config.source = json;
    for (const Field& field : fields()) {
      if (const Json* value = json.find(field.key)) read_field(field, config, *value);
    }
    read_labels(config, json);
    require_consistent(config);
    return config;
  } catch (const Error& error) {
    fail(where, ": ", error.what());
  }
}

BertConfig read_config(const std::string& path) {
  return config_from_json(read_json_file(path), path);
}

void apply_overrides(BertConfig& config, const std::string& overrides) {
  std::size_t begin = 0;
  while (begin < overrides.size()) {
    const std::size_t end = std::min(overrides.find(',', begin), overrides.size());
    const std::string item = overrides.substr(begin, end - begin);
    begin = end + 1;
    const std::size_t equals = item.find('=');
    if (equals == std::string::npos) fail("config_overrides: \"", item, "\" is not key=value");
    const std::string key = item.substr(0, equals);
    const std::string value = item.substr(equals + 1);
    const Field* field = find_field(key);
    if (field == nullptr) {
      std::vector<std::string> keys;
      for (const Field& known : fields()) keys.emplace_back(known.key);
      const std::string near = nearest_name(key, keys);
      fail("config_overrides: the configuration has no key \"", key, "\"",
           near.empty() ? "" : "; did you mean " + near + "?");
    }
    try {
      const bool text = field->key == "problem_type";
      read_field(*field, config,
                 text ? Json(value) : parse_json(value, "the value \"" + value + "\""));
    } catch (const Error& error) {
      fail("config_overrides: ", key, ": ", error.what());
    }
  }
  try {
    require_consistent(config);
  } catch (const Error& error) {
    fail("config_overrides: ", error.what());
  }
}

Json to_json(const BertConfig& config) {
  Json json = Json::object();
  json["architectures"] = Json::Array{"BertForSequenceClassification"};
  json["model_type"] = "bert";
  for (const auto& [key, value] : config.source.as_object()) {
    // The labels are written below; the weights are written as float32 whatever they were read
    // from.
    if (key == "architectures" || key == "num_labels" || key == "torch_dtype") continue;
    json[key] = value;
  }
  for (const Field& field : fields()) json[field.key] = field.write(config);
  json["hidden_act"] = "gelu";
  json["dtype"] = "float32";
  // Transformers reads a missing version as a hint that the tokenizer needs mending.
  if (json.find("transformers_version") == nullptr) json["transformers_version"] = "5.17.0";
  Json id2label = Json::object();
  Json label2id = Json::object();
  for (std::size_t id = 0; id < config.labels.size(); ++id) {
    id2label[std::to_string(id)] = config.labels[id];
    label2id[config.labels[id]] = static_cast<int64_t>(id);
  }
  json["id2label"] = id2label;
  json["label2id"] = label2id;
  return json;
}

}  // namespace lathe
