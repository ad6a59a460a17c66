// What a model answers: logits and losses of every example of a dataset, in the order of its rows.
#pragma once

#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <vector>

#include "nn/sequence_classifier.h"
#include "train/batches.h"
#include "train/communicator.h"

namespace lathe {

struct Predictions {
  int64_t columns = 0;        // num_labels
  std::vector<float> logits;  // [examples, columns]
  std::vector<float> losses;  // [examples]; empty for unlabelled examples
  int64_t batches = 0;
  double seconds = 0.0;

  int64_t size() const { return columns == 0 ? 0 : std::ssize(logits) / columns; }
  std::span<const float> row(int64_t example) const;
  double mean_loss() const;
};

// Told after every batch how many of how many are done. What it throws ends the prediction.
using OnBatch = std::function<void(int64_t done, int64_t batches)>;

// The arena that predict() needs, in bytes.
int64_t prediction_bytes(BertForSequenceClassification& model, const Examples& examples,
                         int64_t batch_size, Precision precision = Precision::kF32);

// Runs the model without dropout. Each rank computes every size()-th batch, and all get all
// answers. Batches hold examples of about equal length; what an example is answered does not depend
// on its batch.
Predictions predict(Context& context, const BertForSequenceClassification& model, ProblemType type,
                    const Examples& examples, int64_t batch_size, const OnBatch& on_batch = {},
                    Communicator& communicator = alone());

// The answers themselves.
std::vector<int32_t> predicted_classes(
    const Predictions& predictions);  // the largest logit, the first among equals
std::vector<uint8_t> predicted_labels(
    const Predictions& predictions);  // multi-label, [examples, columns]: logit > 0
// softmax of a row (single label) or sigmoid of each logit (multi-label); nothing for regression.
// [columns]
std::vector<double> probabilities(std::span<const float> logits, ProblemType type);

// Writes a line an example, each a JSON object, through AtomicFile:
//   {"index": 0, "prediction": "equivalent", "logits": [-1.5, 2.25], "probabilities": [0.02, 0.98]}
// The prediction is a label's name; for multi-label a list of names; for regression a number, or a
// list of them.
void write_predictions(const std::string& path, const Predictions& predictions, ProblemType type,
                       const std::vector<std::string>& labels);

}  // namespace lathe
