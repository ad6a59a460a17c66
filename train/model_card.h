// README.md of a fine-tuned model: what it was made from and how well it does, in the form of the
// Hub's model cards.
#pragma once

#include <string>

#include "base/json.h"
#include "nn/config.h"
#include "train/arguments.h"
#include "train/state.h"

namespace lathe {

struct ModelCard {
  std::string model_name;  // of the output directory
  std::string base_model;  // the name of the checkpoint that was fine-tuned
  std::string train_file;  // its name, without its folders
  std::string task_name;   // of GLUE, or empty
  std::vector<std::string> labels;
  ProblemType problem_type = ProblemType::kSingleLabel;
  int64_t max_seq_length = 0;
  Json::Object eval_results;  // of the final evaluation; may be empty
};

// YAML front matter (library_name, tags, metrics, model-index with the metrics' values), then the
// results, the labels, the hyperparameters, a table of the evaluations in the log, and two lines of
// Python that load the model.
std::string model_card_text(const ModelCard& card, const TrainingArguments& arguments,
                            const TrainerState& state);

}  // namespace lathe
