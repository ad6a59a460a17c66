// Operations on columns as a whole.

#include <algorithm>
#include <map>
#include <set>

#include "base/error.h"
#include "data/cast.h"
#include "data/column_builder.h"
#include "data/operations.h"

namespace lathe {

namespace {

// The label that a row of texts or of numbers names, or nothing for a missing one.
std::optional<int64_t> label_number(const Column& column, const LabelNames& labels, int64_t row) {
  if (column.is_null(row)) return std::nullopt;
  if (is_text(column.type())) {
    const auto id = labels.find(column.text(row));
    if (!id) fail(column.where(row), ": ", labels.unknown(column.text(row)));
    return *id;
  }
  const int64_t number = column.integer(row);
  if (number < kMissingLabel || number >= labels.size()) {
    fail(column.where(row), ": ", number, " is none of the ", labels.size(), " labels");
  }
  return number;
}

}  // namespace

Table select_columns(const Table& table, const std::vector<std::string>& names) {
  std::vector<Column> columns;
  columns.reserve(names.size());
  for (const std::string& name : names) columns.push_back(table.column(name));
  return Table(std::move(columns), table.source());
}

Table remove_columns(const Table& table, const std::vector<std::string>& names) {
  for (const std::string& name : names) table.column(name);  // Error when it is missing
  std::vector<Column> columns;
  for (const Column& column : table.columns()) {
    if (std::find(names.begin(), names.end(), column.name()) == names.end()) {
      columns.push_back(column);
    }
  }
  return Table(std::move(columns), table.source());
}

Table rename_column(const Table& table, const std::string& name, const std::string& new_name) {
  table.column(name);
  std::vector<Column> columns = table.columns();
  for (Column& column : columns) {
    if (column.name() == name) column = column.renamed(new_name);
  }
  return Table(std::move(columns), table.source());
}

Table with_column(const Table& table, const Column& column) {
  std::vector<Column> columns = table.columns();
  const auto same = std::find_if(columns.begin(), columns.end(), [&](const Column& other) {
    return other.name() == column.name();
  });
  if (same == columns.end()) {
    columns.push_back(column);
  } else {
    *same = column;
  }
  return Table(std::move(columns), table.source());
}

Table cast_column(const Table& table, const std::string& name, ColumnType type) {
  const Column& column = table.column(name);
  const bool elements = is_list(column.type()) && !is_list(type);
  return with_column(table, elements ? cast_elements(column, type) : cast(column, type));
}

Table cast_to_labels(const Table& table, const std::string& name, const LabelNames& labels) {
  const Column& column = table.column(name);
  NumberBuilder<int64_t> numbers;
  for (int64_t row = 0; row < column.size(); ++row) {
    if (const auto number = label_number(column, labels, row)) {
      numbers.append(*number);
    } else {
      numbers.append_null();
    }
  }
  return with_column(table, numbers.finish(name).with_sources_of(column).with_labels(
                                std::make_shared<const LabelNames>(labels)));
}

Table class_encode_column(const Table& table, const std::string& name) {
  const Column& column = table.column(name);
  if (is_list(column.type()) || is_fraction(column.type())) {
    fail(column.where(), " holds ", column.type_name(), ": classes are texts or integers");
  }
  const Column texts = cast(column, ColumnType::kUtf8);
  std::set<std::string, std::less<>> distinct;
  for (int64_t row = 0; row < texts.size(); ++row) {
    if (!texts.is_null(row) && !distinct.contains(texts.text(row))) {
      distinct.emplace(texts.text(row));
    }
  }
  const LabelNames labels({distinct.begin(), distinct.end()});
  return cast_to_labels(with_column(table, texts), name, labels);
}

Table concatenate_columns(const std::vector<Table>& tables) {
  std::vector<Column> columns;
  for (const Table& table : tables) {
    columns.insert(columns.end(), table.columns().begin(), table.columns().end());
  }
  return Table(std::move(columns));
}

}  // namespace lathe
