// The truncation and the padding that tokenizer.json may hold: what `tokenizers` does to a text
// when it is told nothing else.
#include "tokenize/definition.h"

namespace lathe {

namespace {

struct NamedStrategy {
  const char* name;
  Truncation strategy;
};
constexpr NamedStrategy kStrategies[] = {{"LongestFirst", Truncation::kLongestFirst},
                                         {"OnlyFirst", Truncation::kOnlyFirst},
                                         {"OnlySecond", Truncation::kOnlySecond}};

int64_t count(const Field& field, int64_t least) {
  if (field.integer() < least) field.refuse("expected ", least, " or more");
  return field.integer();
}

// Files of old versions do not state it.
bool reads_left(const Field& part) {
  const Field side = part.find("direction");
  if (side.is_null() || side.string() == "Right") return false;
  if (side.string() != "Left") {
    side.refuse("expected \"Left\" or \"Right\", found \"", side.string(), "\"");
  }
  return true;
}

const char* direction(bool left) { return left ? "Left" : "Right"; }

}  // namespace

void read_truncation(const Field& part, TokenizerDefinition& definition) {
  if (part.is_null()) return;
  part.expect_only({"direction", "max_length", "strategy", "stride"});
  SavedTruncation saved{.max_length = count(part["max_length"], 1),
                        .stride = count(part["stride"], 0)};
  const Field name = part["strategy"];
  bool known = false;
  for (const NamedStrategy& strategy : kStrategies) {
    if (name.string() != strategy.name) continue;
    saved.strategy = strategy.strategy;
    known = true;
  }
  if (!known) {
    name.refuse("expected LongestFirst, OnlyFirst or OnlySecond, found \"", name.string(), "\"");
  }
  definition.truncate_left = reads_left(part);
  definition.truncation = saved;
}

void read_padding(const Field& part, TokenizerDefinition& definition) {
  if (part.is_null()) return;
  part.expect_only(
      {"strategy", "direction", "pad_to_multiple_of", "pad_id", "pad_type_id", "pad_token"});
  SavedPadding saved{.options = {.left = reads_left(part)}, .token = part["pad_token"].string()};
  if (const Field strategy = part["strategy"]; strategy.is_object()) {
    strategy.expect_only({"Fixed"});
    saved.options.length = count(strategy["Fixed"], 1);
  } else if (strategy.string() != "BatchLongest") {
    strategy.refuse("expected \"BatchLongest\" or {\"Fixed\": length}, found \"", strategy.string(),
                    "\"");
  }
  if (const Field multiple = part.find("pad_to_multiple_of"); !multiple.is_null()) {
    saved.options.multiple_of = count(multiple, 0);
  }
  saved.options.pad_id = static_cast<int32_t>(count(part["pad_id"], 0));
  saved.options.pad_type = static_cast<int32_t>(count(part["pad_type_id"], 0));
  definition.pad_left = saved.options.left;
  definition.padding = std::move(saved);
}

Json truncation_json(const TokenizerDefinition& definition) {
  if (!definition.truncation) return {};
  Json object = Json::object();
  object["direction"] = direction(definition.truncate_left);
  object["max_length"] = definition.truncation->max_length;
  for (const NamedStrategy& strategy : kStrategies) {
    if (strategy.strategy == definition.truncation->strategy) object["strategy"] = strategy.name;
  }
  object["stride"] = definition.truncation->stride;
  return object;
}

Json padding_json(const TokenizerDefinition& definition) {
  if (!definition.padding) return {};
  const PadOptions& options = definition.padding->options;
  Json object = Json::object(), fixed = Json::object();
  fixed["Fixed"] = options.length;
  object["strategy"] = options.length > 0 ? fixed : Json("BatchLongest");
  object["direction"] = direction(definition.pad_left);
  object["pad_to_multiple_of"] = options.multiple_of > 0 ? Json(options.multiple_of) : Json();
  object["pad_id"] = options.pad_id;
  object["pad_type_id"] = options.pad_type;
  object["pad_token"] = definition.padding->token;
  return object;
}

}  // namespace lathe
