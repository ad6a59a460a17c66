// The options of `lathe train`.
#pragma once

#include <optional>
#include <string>

#include "train/arguments.h"
#include "train/cli/commands.h"
#include "train/cli/common.h"

namespace lathe {

struct TrainOptions {
  CommonOptions common;
  TrainingArguments arguments;
  std::string train_file;
  std::optional<std::string> validation_file, test_file;
  std::optional<int64_t> max_train_samples, max_eval_samples, max_predict_samples;
  std::optional<int64_t> num_processes;  // arguments.num_processes is it, or 1
  std::string config_overrides;
  bool ignore_mismatched_sizes = false;
};

// False when --help was given.
bool parse_train_options(const Arguments& arguments, TrainOptions& options);

}  // namespace lathe
