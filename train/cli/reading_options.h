// The options that say how files of data are read.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "data/reader.h"
#include "train/cli/options.h"

namespace lathe {

struct ReadingOptions {
  std::optional<std::string> column_types, column_names, null_values, delimiter, quoting, field,
      sample_by;
};

void add_reading_options(Options& options, ReadingOptions& reading);

// Error naming the option whose value means nothing.
ReadOptions read_options(const ReadingOptions& reading);

// "a,b" as {"a", "b"}.
std::vector<std::string> split_at_commas(const std::string& text);

}  // namespace lathe
