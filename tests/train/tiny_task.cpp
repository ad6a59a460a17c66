#include "tests/train/tiny_task.h"

#include "train/glue.h"

namespace lathe::testing {

BertConfig tiny_config(double dropout) {
  BertConfig config;
  config.vocab_size = 40;
  config.hidden_size = 16;
  config.num_hidden_layers = 2;
  config.num_attention_heads = 2;
  config.intermediate_size = 24;
  config.max_position_embeddings = 24;
  config.hidden_dropout_prob = dropout;
  config.attention_probs_dropout_prob = dropout;
  config.problem_type = ProblemType::kSingleLabel;
  return config;
}

std::unique_ptr<BertForSequenceClassification> tiny_model(const BertConfig& config, uint64_t seed) {
  auto model = std::make_unique<BertForSequenceClassification>(config);
  for (Parameter& parameter : model->parameters().all()) initialize(parameter, 0.1, seed);
  return model;
}

Examples tiny_examples(int64_t count, uint64_t seed) {
  Random random(seed);
  Examples examples;
  std::vector<int64_t> offsets{0};
  std::vector<int32_t> input_ids;
  std::vector<uint8_t> token_type_ids;
  for (int64_t i = 0; i < count; ++i) {
    const auto length = static_cast<int64_t>(3 + random.below(18));
    for (int64_t t = 0; t < length; ++t) {
      const auto word = static_cast<int32_t>(t == 0 ? 2 : 4 + random.below(36));
      input_ids.push_back(word);
      token_type_ids.push_back(t > length / 2 ? 1 : 0);
      if (t == 1) examples.targets.classes.push_back(word % 2);
    }
    offsets.push_back(offsets.back() + length);
  }
  examples.tokens = {std::move(offsets), std::move(input_ids), std::move(token_type_ids)};
  return examples;
}

TrainingArguments tiny_arguments(const std::string& output_dir) {
  TrainingArguments arguments;
  arguments.output_dir = output_dir;
  arguments.per_device_train_batch_size = 4;
  arguments.learning_rate = 2e-3;
  arguments.save_strategy = IntervalStrategy::kNo;
  arguments.logging_strategy = IntervalStrategy::kNo;
  return arguments;
}

Metrics accuracy_of(const Predictions& predictions, const Targets& targets) {
  return compute_metrics(nullptr, ProblemType::kSingleLabel, predictions, targets);
}

std::vector<float> parameters_of(const BertForSequenceClassification& model) {
  std::vector<float> all;
  for (const Parameter& parameter : model.parameters().all()) {
    const float* value = parameter.value.f32();
    all.insert(all.end(), value, value + parameter.value.count());
  }
  return all;
}

}  // namespace lathe::testing
