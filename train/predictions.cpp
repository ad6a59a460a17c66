#include "train/predictions.h"

#include <algorithm>
#include <charconv>
#include <chrono>
#include <cmath>
#include <numeric>

#include "base/file.h"
#include "base/json.h"
#include "tensor/mark.h"
#include "train/batch_loss.h"
#include "train/feeder.h"
#include "train/prefetcher.h"

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

// Logits and losses in the order in which batches give them, copied by the device in its own time.
class Answers {
 public:
  Answers(Device& device, const Predictions& predictions, int64_t examples)
      : device_(device),
        columns_(predictions.columns),
        logits_(examples * columns_ * kFloat, "logits", device, Buffer::Kind::kStaging),
        losses_(std::ssize(predictions.losses) * kFloat, "losses", device, Buffer::Kind::kStaging),
        done_(device) {}

  void take(const std::vector<int64_t>& rows, const Tensor& logits, const Tensor& losses) {
    const int64_t before = std::ssize(rows_);
    device_.download(logits_.data() + before * columns_ * kFloat, logits.data(), logits.bytes());
    if (!losses.empty()) {
      device_.download(losses_.data() + before * kFloat, losses.data(), losses.bytes());
    }
    rows_.insert(rows_.end(), rows.begin(), rows.end());
  }

  // Waits for the device.
  void put_in_place(Predictions& predictions) {
    done_.set();
    done_.wait();
    const auto* logits = reinterpret_cast<const float*>(logits_.data());
    const auto* losses = reinterpret_cast<const float*>(losses_.data());
    for (std::size_t i = 0; i < rows_.size(); ++i) {
      const int64_t row = rows_[i];
      std::copy_n(logits + static_cast<int64_t>(i) * columns_, columns_,
                  predictions.logits.begin() + row * columns_);
      if (losses != nullptr) predictions.losses[static_cast<std::size_t>(row)] = losses[i];
    }
  }

 private:
  static constexpr int64_t kFloat = sizeof(float);

  Device& device_;
  int64_t columns_;
  Buffer logits_, losses_;
  Mark done_;
  std::vector<int64_t> rows_;  // of the examples, in the order of logits_
};

}  // namespace

std::span<const float> Predictions::row(int64_t example) const {
  return std::span(logits).subspan(static_cast<std::size_t>(example * columns),
                                   static_cast<std::size_t>(columns));
}

double Predictions::mean_loss() const {
  return std::accumulate(losses.begin(), losses.end(), 0.0) / static_cast<double>(losses.size());
}

int64_t prediction_bytes(BertForSequenceClassification& model, const Examples& examples,
                         int64_t batch_size, Precision precision) {
  const int64_t sequences = std::min(batch_size, examples.size());
  return model.activation_bytes(largest_batch_tokens(examples.tokens, batch_size), sequences,
                                /*training=*/false, precision);
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
  Feeder feeder(context.device, largest_batch_tokens(examples.tokens, batch_size),
                std::min(batch_size, examples.size()), result.columns);
  Answers answers(context.device, result, examples.size());
  Prefetcher packed(epoch, communicator.rank(), communicator.size());
  for (int64_t index = communicator.rank(); index < epoch.size(); index += communicator.size()) {
    const Batch batch = packed.next();
    require_within(model.config(), batch.input());
    const Feeder::Fed fed = feeder.put(batch);
    const Arena::Scope memory(context.arena);
    const Tensor logits = model.forward(context, fed.input, nullptr);
    Tensor losses;
    if (examples.labelled()) losses = batch_loss(context, type, logits, fed.targets, 0.0).losses;
    answers.take(batch.rows(), logits, losses);
    if (on_batch) on_batch(index + 1, epoch.size());
  }
  answers.put_in_place(result);
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
