// A task that a tiny BERT learns in seconds: made-up tokens whose class can be read off one of
// them.
#pragma once

#include <memory>
#include <string>

#include "nn/sequence_classifier.h"
#include "train/batches.h"
#include "train/trainer.h"

namespace lathe::testing {

// Hidden 16, 2 heads, 2 layers, 40 words, 24 positions, 2 labels.
BertConfig tiny_config(double dropout);

// Initialised as a new model is.
std::unique_ptr<BertForSequenceClassification> tiny_model(const BertConfig& config, uint64_t seed);

// Sequences of 3 to 20 random tokens. The class is the parity of the second token.
Examples tiny_examples(int64_t count, uint64_t seed);

// Batches of 4, a rate that learns fast, no checkpoints, no logs but the final one.
TrainingArguments tiny_arguments(const std::string& output_dir = "");

// The accuracy of any single-label task.
Metrics accuracy_of(const Predictions& predictions, const Targets& targets);

// All parameters' values, one after another.
std::vector<float> parameters_of(const BertForSequenceClassification& model);

}  // namespace lathe::testing
