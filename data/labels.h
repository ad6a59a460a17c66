// Labels: the names of the classes, their numbers, and the targets that the losses read.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "data/column.h"

namespace lathe {

// What Datasets writes for a missing label in a column of class numbers.
constexpr int64_t kMissingLabel = -1;

// Class names numbered 0 … size() - 1.
class LabelNames {
 public:
  LabelNames() = default;
  // In the order of their numbers. Error when one is repeated.
  explicit LabelNames(std::vector<std::string> names);

  // The names in a column of labels, numbered as Datasets' class_encode_column and run_glue.py
  // number them:
  //   with labels()     those
  //   texts             sorted by code point
  //   booleans          "false", "true"
  //   integers 0…n-1    keep their numbers and are called LABEL_0 … LABEL_{n-1}
  //   other integers    sorted by value, called by their digits
  //   lists of texts    the texts in them, sorted (multi-label)
  //   lists of numbers  LABEL_0 … LABEL_{n-1} for lists of length n (multi-label)
  // Error naming the row of a missing label, and for a column of fractions.
  static LabelNames from_column(const Column& column);
  // Whether the column has labels() and misses every one, as test files without answers do.
  static bool all_missing(const Column& column);

  // The number of a label as it stands in a file: a name, or digits when no name consists of
  // digits.
  std::optional<int32_t> find(std::string_view label) const;
  int32_t id(std::string_view label) const;   // Error listing the known names when there is none
  const std::string& name(int32_t id) const;  // Error when id is not below size()
  const std::vector<std::string>& names() const { return names_; }
  std::string unknown(std::string_view label) const;  // what id() says of a label it does not know
  int32_t size() const { return static_cast<int32_t>(names_.size()); }

 private:
  std::vector<std::string> names_;
  std::map<std::string, int32_t, std::less<>> ids_;
  bool numbers_are_ids_ = true;  // no name is an integer, so an integer in a file is a number
};

// What a loss compares the logits of each example with.
struct Targets {
  int64_t columns = 1;           // values per example
  std::vector<int32_t> classes;  // [examples] for single-label classification, else empty
  std::vector<float> values;     // [examples, columns] for multi-label and regression, else empty
};

// Each is an Error naming file, row and column for a missing value or one of the wrong kind.
Targets class_targets(const Column& column, const LabelNames& names);
// From lists of names, or lists of names.size() numbers that are each 0 or 1.
Targets multi_label_targets(const Column& column, const LabelNames& names);
// From numbers (columns 1) or lists of equally many numbers.
Targets regression_targets(const Column& column);

}  // namespace lathe
