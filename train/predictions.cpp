#include "train/predictions.h"

#include <algorithm>
#include <charconv>
#include <chrono>
#include <cmath>
#include <numeric>

#include "base/file.h"
#include "base/json.h"
#include "train/batch_loss.h"

namespace lathe {

namespace {

// The shortest text that reads back to the same float: half as long as the double's.
std::string number_text(float value) {
  if (!std::isfinite(value)) return Json(static_cast<double>(value)).dump();
  char digits[32];
  return {digits, std::to_chars(digits, digits + sizeof digits, value).ptr};
}

template <class Values>
std::string list_text(const Values& values) {
  std::string text = "[";
  for (const auto value : values) {
    if (text.size() > 1) text += ", ";
    text += number_text(static_cast<float>(value));
  }
  return text + "]";
}

std::string prediction_text(std::span<const float> logits, ProblemType type,
                            const std::vector<std::string>& labels) {
  if (type == ProblemType::kRegression)
    return logits.size() == 1 ? number_text(logits[0]) : list_text(logits);
  if (type == ProblemType::kSingleLabel) {
    const auto best = std::max_element(logits.begin(), logits.end()) - logits.begin();
    return Json(labels[static_cast<std::size_t>(best)]).dump();
  }
  Json names = Json::array();
  for (std::size_t i = 0; i < logits.size(); ++i) {
    if (logits[i] > 0.0f) names.push_back(labels[i]);
  }
  return names.dump();
}

std::vector<double> softmax(std::span<const float> logits) {
  const double largest = *std::max_element(logits.begin(), logits.end());
  std::vector<double> result(logits.begin(), logits.end());
  for (double& value : result) value = std::exp(value - largest);
  const double sum = std::accumulate(result.begin(), result.end(), 0.0);
  for (double& value : result) value /= sum;
  return result;
}

}  // namespace

std::span<const float> Predictions::row(int64_t example) const {
  return std::span(logits).subspan(static_cast<std::size_t>(example * columns),
                                   static_cast<std::size_t>(columns));
}

double Predictions::mean_loss() const {
  return std::accumulate(losses.begin(), losses.end(), 0.0) / static_cast<double>(losses.size());
}

int64_t prediction_bytes(BertForSequenceClassification& model, const Examples& examples,
                         int64_t batch_size) {
  const int64_t sequences = std::min(batch_size, examples.size());
  return model.activation_bytes(largest_batch_tokens(examples.tokens, batch_size), sequences,
                                /*training=*/false);
}

Predictions predict(Context& context, const BertForSequenceClassification& model, ProblemType type,
                    const Examples& examples, int64_t batch_size, const OnBatch& on_batch,
                    Communicator& communicator) {
  const auto start = std::chrono::steady_clock::now();
  const Epoch epoch = inference_epoch(examples, batch_size);
  Predictions result;
  result.columns = model.config().num_labels();
  result.logits.resize(static_cast<std::size_t>(examples.size() * result.columns));
  if (examples.labelled()) result.losses.resize(static_cast<std::size_t>(examples.size()));
  result.batches = epoch.size();
  for (int64_t index = communicator.rank(); index < epoch.size(); index += communicator.size()) {
    const Batch batch = epoch[index];
    const Arena::Scope memory(context.arena);
    const BertInput input = batch.input();
    require_within(model.config(), input);
    const Tensor logits = model.forward(context, input, nullptr);
    const float* losses = nullptr;
    if (examples.labelled()) losses = batch_loss(context, type, logits, batch, 0.0).losses.f32();
    for (int64_t i = 0; i < batch.size(); ++i) {
      const int64_t row = batch.rows()[static_cast<std::size_t>(i)];
      std::copy_n(logits.f32() + i * result.columns, result.columns,
                  result.logits.begin() + row * result.columns);
      if (losses != nullptr) result.losses[static_cast<std::size_t>(row)] = losses[i];
    }
    if (on_batch) on_batch(index + 1, epoch.size());
  }
  // Each answer is one rank's, and zero on the others.
  communicator.all_reduce(std::span(result.logits));
  communicator.all_reduce(std::span(result.losses));
  result.seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
  return result;
}

std::vector<int32_t> predicted_classes(const Predictions& predictions) {
  std::vector<int32_t> classes;
  classes.reserve(static_cast<std::size_t>(predictions.size()));
  for (int64_t i = 0; i < predictions.size(); ++i) {
    const auto logits = predictions.row(i);
    classes.push_back(
        static_cast<int32_t>(std::max_element(logits.begin(), logits.end()) - logits.begin()));
  }
  return classes;
}

std::vector<uint8_t> predicted_labels(const Predictions& predictions) {
  std::vector<uint8_t> labels(predictions.logits.size());
  std::transform(predictions.logits.begin(), predictions.logits.end(), labels.begin(),
                 [](float logit) { return static_cast<uint8_t>(logit > 0.0f ? 1 : 0); });
  return labels;
}

std::vector<double> probabilities(std::span<const float> logits, ProblemType type) {
  if (type == ProblemType::kRegression) return {};
  if (type == ProblemType::kSingleLabel) return softmax(logits);
  std::vector<double> result(logits.begin(), logits.end());
  for (double& value : result) value = 1.0 / (1.0 + std::exp(-value));
  return result;
}

void write_predictions(const std::string& path, const Predictions& predictions, ProblemType type,
                       const std::vector<std::string>& labels) {
  std::string lines;
  for (int64_t i = 0; i < predictions.size(); ++i) {
    const auto logits = predictions.row(i);
    lines += "{\"index\": " + std::to_string(i) +
             ", \"prediction\": " + prediction_text(logits, type, labels) +
             ", \"logits\": " + list_text(logits);
    if (type != ProblemType::kRegression)
      lines += ", \"probabilities\": " + list_text(probabilities(logits, type));
    lines += "}\n";
  }
  write_file(path, lines);
}

}  // namespace lathe
