// A checkpoint's directory: config.json and model.safetensors under Hugging Face's names, in and
// out.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "nn/sequence_classifier.h"

namespace lathe {

struct LoadReport {
  std::vector<std::string> missing;     // in the model, not in the file: newly initialised
  std::vector<std::string> unexpected;  // in the file, not in the model: ignored
  // "classifier.weight: [3, 384] in the file, [2, 384] in the model": newly initialised.
  std::vector<std::string> mismatched;
};

// Reads DIR/model.safetensors into the model's parameters, wherever they lie. Understands legacy
// names (gamma, beta), encoders saved without the "bert." prefix, and F32, F16 and BF16 tensors;
// ignores position_ids and the heads of pretraining. What is missing is initialised as Transformers
// does from `seed`. A head of another size is an Error unless `ignore_mismatched_sizes`. A file
// without a single encoder parameter, or with a damaged header, is an Error.
LoadReport load_pretrained(const std::string& directory, BertForSequenceClassification& model,
                           uint64_t seed, bool ignore_mismatched_sizes);

// The warning that Transformers gives for newly initialised weights; empty when there are none.
std::string new_weights_warning(const LoadReport& report, const std::string& directory);

// Writes config.json and model.safetensors, each whole or not at all.
void save_pretrained(const BertForSequenceClassification& model, const std::string& directory);

}  // namespace lathe
