// What `evaluate` and `predict` share: a fine-tuned model and the examples of a file, ready for it.
#pragma once

#include <memory>
#include <optional>
#include <string>

#include "train/cli/common.h"

namespace lathe {

struct Inference {
  std::unique_ptr<BertForSequenceClassification> model;
  Table table;
  Task task;
  Examples examples;
};

// Chooses the device, loads the model, reads and encodes at most `most` examples of the file, and
// says so on stdout. Error when the checkpoint has no trained head, or `output_directory` cannot be
// written to.
Inference prepare_inference(const CommonOptions& common, const std::string& file,
                            const std::optional<int64_t>& most, bool labelled,
                            const std::optional<std::string>& output_directory);

// A trainer for inference alone, reporting to stdout; the metrics are those of --task_name.
Trainer inference_trainer(Inference& inference, const CommonOptions& common, int64_t batch_size);

}  // namespace lathe
