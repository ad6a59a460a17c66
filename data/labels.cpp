#include "data/labels.h"

#include <algorithm>
#include <cmath>
#include <set>
#include <utility>

#include "base/error.h"
#include "data/number_text.h"

namespace lathe {

namespace {

void check_not_missing(const Column& column, int64_t row) {
  if (column.is_null(row) || (is_text(column.type()) && column.text(row).empty()) ||
      (column.labels() != nullptr && column.integer(row) == kMissingLabel)) {
    fail(column.where(row), ": the label is missing");
  }
}

std::vector<std::string> numbered_names(int64_t count) {
  std::vector<std::string> names;
  names.reserve(static_cast<std::size_t>(count));
  for (int64_t i = 0; i < count; ++i) names.push_back(concat("LABEL_", i));
  return names;
}

std::vector<std::string> distinct_texts(const Column& column) {
  std::set<std::string, std::less<>> distinct;
  for (int64_t row = 0; row < column.size(); ++row) {
    check_not_missing(column, row);
    if (!distinct.contains(column.text(row))) distinct.emplace(column.text(row));
  }
  return {distinct.begin(), distinct.end()};
}

std::vector<std::string> integer_names(const Column& column) {
  std::set<int64_t> distinct;
  for (int64_t row = 0; row < column.size(); ++row) {
    check_not_missing(column, row);
    distinct.insert(column.integer(row));
  }
  const auto count = static_cast<int64_t>(distinct.size());
  if (count > 0 && *distinct.begin() == 0 && *distinct.rbegin() == count - 1) {
    return numbered_names(count);
  }
  std::vector<std::string> names;
  names.reserve(distinct.size());
  for (const int64_t value : distinct) names.push_back(std::to_string(value));
  return names;
}

// The names in, or the classes counted by, lists of labels.
std::vector<std::string> list_names(const Column& column) {
  for (int64_t row = 0; row < column.size(); ++row) check_not_missing(column, row);
  if (is_text(column.elements().type())) return distinct_texts(column.elements());
  return numbered_names(column.size() == 0 ? 0 : column.list(0).size());
}

// The label in `row` as the file writes it, its name where the file names its classes.
std::string label_text(const Column& column, int64_t row) {
  if (is_text(column.type())) return std::string(column.text(row));
  if (column.type() == ColumnType::kBool) return column.boolean(row) ? "true" : "false";
  if (column.labels() != nullptr) {
    return column.labels()->name(
        static_cast<int32_t>(std::clamp<int64_t>(column.integer(row), INT32_MIN, INT32_MAX)));
  }
  return std::to_string(column.integer(row));
}

// One value of a regression or a multi-label vector, which must be a number that a float can hold.
float target_value(const Column& column, int64_t row, const Column& owner, int64_t owner_row) {
  if (column.is_null(row)) fail(owner.where(owner_row), ": the label is missing");
  const auto value = static_cast<float>(column.number(row));
  if (!std::isfinite(value)) {
    fail(owner.where(owner_row), ": ", column.number(row), " is not a finite 32-bit number");
  }
  return value;
}

void check_list_length(const Column& column, int64_t row, int64_t expected, const char* because) {
  const int64_t length = column.list(row).size();
  if (length == expected) return;
  fail(column.where(row), ": a list of ", length, " numbers, ", expected, " are needed", because);
}

void set_named(const Column& column, int64_t row, const LabelNames& names, float* values) {
  const RowRange list = column.list(row);
  for (int64_t i = list.begin; i < list.end; ++i) {
    check_not_missing(column.elements(), i);
    const auto id = names.find(column.elements().text(i));
    if (!id) fail(column.where(row), ": ", names.unknown(column.elements().text(i)));
    values[*id] = 1.0f;
  }
}

void set_flags(const Column& column, int64_t row, int64_t count, float* values) {
  check_list_length(column, row, count, ", one a class");
  const RowRange list = column.list(row);
  for (int64_t i = 0; i < count; ++i) {
    values[i] = target_value(column.elements(), list.begin + i, column, row);
    if (values[i] != 0.0f && values[i] != 1.0f) {
      fail(column.where(row), ": ", values[i], " in a list of labels must be 0 or 1");
    }
  }
}

}  // namespace

LabelNames::LabelNames(std::vector<std::string> names) : names_(std::move(names)) {
  for (std::size_t i = 0; i < names_.size(); ++i) {
    if (!ids_.emplace(names_[i], static_cast<int32_t>(i)).second) {
      fail("two classes are named ", quoted(names_[i]));
    }
    if (integer_of(names_[i])) numbers_are_ids_ = false;
  }
}

LabelNames LabelNames::from_column(const Column& column) {
  if (column.labels() != nullptr) return *column.labels();
  const ColumnType type = column.type();
  if (type == ColumnType::kBool) return LabelNames({"false", "true"});
  if (is_integer(type)) return LabelNames(integer_names(column));
  if (is_text(type)) return LabelNames(distinct_texts(column));
  if (is_list(type)) return LabelNames(list_names(column));
  fail(column.where(),
       " holds fractions: classes need names or integers (fractions suit regression)");
}

std::optional<int32_t> LabelNames::find(std::string_view label) const {
  const auto found = ids_.find(label);
  if (found != ids_.end()) return found->second;
  if (!numbers_are_ids_) return std::nullopt;
  const auto number = integer_of(label);
  if (!number || *number < 0 || *number >= size()) return std::nullopt;
  return static_cast<int32_t>(*number);
}

int32_t LabelNames::id(std::string_view label) const {
  if (const auto id = find(label)) return *id;
  throw Error(unknown(label));
}

bool LabelNames::all_missing(const Column& column) {
  if (column.labels() == nullptr) return false;
  for (int64_t row = 0; row < column.size(); ++row) {
    if (!column.is_null(row) && column.integer(row) != kMissingLabel) return false;
  }
  return true;
}

const std::string& LabelNames::name(int32_t id) const {
  if (id < 0 || id >= size()) fail("no class ", id, ": there are ", size());
  return names_[static_cast<std::size_t>(id)];
}

std::string LabelNames::unknown(std::string_view label) const {
  return concat("unknown label ", quoted(label), " (known: ", quoted_list(names_), ")");
}

Targets class_targets(const Column& column, const LabelNames& names) {
  if (is_fraction(column.type()) || is_list(column.type())) {
    fail(column.where(), " holds ", column.type_name(), ": single labels are names or integers");
  }
  Targets targets;
  targets.classes.reserve(static_cast<std::size_t>(column.size()));
  for (int64_t row = 0; row < column.size(); ++row) {
    check_not_missing(column, row);
    const std::string label = label_text(column, row);
    const auto id = names.find(label);
    if (!id) fail(column.where(row), ": ", names.unknown(label));
    targets.classes.push_back(*id);
  }
  return targets;
}

Targets multi_label_targets(const Column& column, const LabelNames& names) {
  const int64_t count = names.size();
  const bool named = is_text(column.elements().type());
  Targets targets;
  targets.columns = count;
  targets.values.resize(static_cast<std::size_t>(column.size() * count));
  for (int64_t row = 0; row < column.size(); ++row) {
    check_not_missing(column, row);
    float* values = targets.values.data() + row * count;
    if (named) {
      set_named(column, row, names, values);
    } else {
      set_flags(column, row, count, values);
    }
  }
  return targets;
}

Targets regression_targets(const Column& column) {
  Targets targets;
  const bool lists = is_list(column.type());
  for (int64_t row = 0; row < column.size(); ++row) {
    check_not_missing(column, row);
    if (!lists) {
      targets.values.push_back(target_value(column, row, column, row));
      continue;
    }
    const RowRange list = column.list(row);
    if (row == 0) targets.columns = list.size();
    check_list_length(column, row, targets.columns, " as in row 1");
    for (int64_t i = list.begin; i < list.end; ++i) {
      targets.values.push_back(target_value(column.elements(), i, column, row));
    }
  }
  return targets;
}

}  // namespace lathe
