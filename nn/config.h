// config.json: the shape of a BERT and of its head, read, checked, changed and written back.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/json.h"

namespace lathe {

// What a sequence classifier's logits mean, and so its loss: cross entropy over classes, binary
// cross entropy per column, or squared error.
enum class ProblemType { kSingleLabel, kMultiLabel, kRegression };

std::string_view name_of(ProblemType type);  // Transformers' "single_label_classification", …
// The type of that name; Error listing the three names otherwise.
ProblemType problem_type_named(std::string_view name);

struct BertConfig {
  int64_t vocab_size = 30522;
  int64_t hidden_size = 768;
  int64_t num_hidden_layers = 12;
  int64_t num_attention_heads = 12;
  int64_t intermediate_size = 3072;
  int64_t max_position_embeddings = 512;
  int64_t type_vocab_size = 2;
  int64_t pad_token_id = 0;
  double hidden_dropout_prob = 0.1;
  double attention_probs_dropout_prob = 0.1;
  std::optional<double> classifier_dropout;  // hidden_dropout_prob where absent
  double layer_norm_eps = 1e-12;
  double initializer_range = 0.02;
  std::optional<ProblemType> problem_type;
  std::vector<std::string> labels = {"LABEL_0", "LABEL_1"};  // id2label: labels[id]
  // The file as it was, so that writing keeps the keys Lathe does not use.
  Json source = Json::object();

  int64_t head_size() const { return hidden_size / num_attention_heads; }
  int64_t num_labels() const { return static_cast<int64_t>(labels.size()); }
  double classifier_dropout_prob() const {
    return classifier_dropout.value_or(hidden_dropout_prob);
  }
};

// Error naming file, key, the value found and what would be right: for wrong types, sizes that
// contradict each other (hidden_size not a multiple of num_attention_heads, id2label that skips a
// number, …) and for variants that are not BERT's encoder (another model_type, another hidden_act
// than gelu, relative positions, a decoder).
BertConfig read_config(const std::string& path);
BertConfig config_from_json(const Json& json, const std::string& where);

// Applies "hidden_dropout_prob=0,attention_probs_dropout_prob=0" (run_glue.py's --config_overrides)
// and checks the result as read_config does. Error naming the nearest key for an unknown one.
void apply_overrides(BertConfig& config, const std::string& overrides);

// What config.json says after fine-tuning: the source's keys with the fields above in place,
// architectures
// ["BertForSequenceClassification"], id2label and label2id.
Json to_json(const BertConfig& config);

}  // namespace lathe
