#include "bench/support/model.h"

#include <algorithm>
#include <cmath>
#include <iterator>
#include <utility>

#include "base/error.h"
#include "tensor/random.h"

namespace lathe::bench {

BertConfig minilm_config() {
  BertConfig config;
  config.hidden_size = 384;
  config.num_hidden_layers = 6;
  config.intermediate_size = 1536;
  return config;
}

BertConfig bert_base_config() { return {}; }

BertConfig small_config() {
  BertConfig config;
  config.vocab_size = 100;
  config.hidden_size = 96;
  config.num_hidden_layers = 2;
  config.num_attention_heads = 3;
  config.intermediate_size = 200;
  return config;
}

std::unique_ptr<BertForSequenceClassification> new_model(const BertConfig& config,
                                                         Precision precision) {
  auto model = std::make_unique<BertForSequenceClassification>(config);
  for (Parameter& parameter : model->parameters().all()) {
    initialize(parameter, config.initializer_range, /*seed=*/1);
  }
  model->parameters().allocate_gradients();
  if (precision == Precision::kBF16) model->parameters().round_values(cpu_kernels(), nullptr);
  return model;
}

std::vector<int> sequence_lengths(int64_t sequences) {
  static constexpr int kLengths[] = {53, 38, 61, 47, 72, 29, 55, 66,
                                     44, 58, 80, 35, 50, 63, 41, 56};
  std::vector<int> lengths;
  for (int64_t i = 0; i < sequences; ++i) {
    lengths.push_back(kLengths[static_cast<std::size_t>(i) % std::size(kLengths)]);
  }
  return lengths;
}

Examples made_examples(const BertConfig& config, const std::vector<int>& lengths) {
  constexpr uint64_t kSpecialTokens = 5;
  Random random(2);
  std::vector<int64_t> offsets{0};
  std::vector<int32_t> ids;
  std::vector<uint8_t> types;
  Targets targets;
  for (const int length : lengths) {
    for (int i = 0; i < length; ++i) {
      const uint64_t words = static_cast<uint64_t>(config.vocab_size) - kSpecialTokens;
      ids.push_back(static_cast<int32_t>(kSpecialTokens + random.below(words)));
      types.push_back(i > length / 2 ? 1 : 0);
    }
    offsets.push_back(static_cast<int64_t>(ids.size()));
    targets.classes.push_back(static_cast<int32_t>(random.below(2)));
  }
  return {TokenizedDataset(std::move(offsets), std::move(ids), std::move(types)),
          std::move(targets)};
}

double layer_flops(const BertConfig& config, const std::vector<int>& lengths) {
  const auto hidden = static_cast<double>(config.hidden_size);
  const auto intermediate = static_cast<double>(config.intermediate_size);
  double flops = 0;
  for (const double length : lengths) {
    flops += 2 * length * (4 * hidden * hidden + 2 * hidden * intermediate);
    flops += 2 * 2 * length * length * hidden;  // scores, and what they weigh
  }
  return flops;
}

std::string relative_difference(const std::string& what, const std::vector<float>& expected,
                                const std::vector<float>& found, double tolerance) {
  if (expected.size() != found.size()) return concat(what, ": ", found.size(), " numbers");
  double difference = 0, size = 0;
  for (std::size_t i = 0; i < expected.size(); ++i) {
    difference += std::pow(static_cast<double>(found[i]) - static_cast<double>(expected[i]), 2);
    size += std::pow(static_cast<double>(expected[i]), 2);
  }
  // Written so that NaN is a difference.
  if (std::sqrt(difference) <= tolerance * std::sqrt(size)) return "";
  return concat(what, " differs from the reference by ", std::sqrt(difference / size),
                " of its size");
}

double tolerance_of(Precision precision) { return precision == Precision::kBF16 ? 2e-2 : 2e-5; }

}  // namespace lathe::bench
