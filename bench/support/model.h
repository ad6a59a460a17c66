// Models of known sizes with new weights, and text for them: what the suites of layers and of
// training work on.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "nn/sequence_classifier.h"
#include "train/batches.h"

namespace lathe::bench {

// MiniLM-L6's encoder (22.7 million parameters), BERT-base's (109 million), and one that the
// reference computes in no time.
BertConfig minilm_config();
BertConfig bert_base_config();
BertConfig small_config();

// Initialised as Transformers initialises a new model, with gradients.
std::unique_ptr<BertForSequenceClassification> new_model(const BertConfig& config,
                                                         Precision precision);

// As many tokens as pairs of MRPC have: 53 in the mean of 16 of them.
std::vector<int> sequence_lengths(int64_t sequences);

// Random tokens in sequences of those lengths, and a class for each.
Examples made_examples(const BertConfig& config, const std::vector<int>& lengths);

// Multiplications and additions of one encoder layer's matrix products forward, for every token;
// backward takes twice as many.
double layer_flops(const BertConfig& config, const std::vector<int>& lengths);

// Empty, or by how much two lists of numbers differ: more than so much of the expected one's
// Euclidean norm.
std::string relative_difference(const std::string& what, const std::vector<float>& expected,
                                const std::vector<float>& found, double tolerance);

// Of products in that precision, against the reference's. Rounding to bfloat16 turns a difference
// in a float's last bit into one of 2^-8 where it falls on the other side.
double tolerance_of(Precision precision);

}  // namespace lathe::bench
