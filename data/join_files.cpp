#include "data/join_files.h"

#include <algorithm>
#include <optional>

#include "base/error.h"
#include "data/cast.h"
#include "data/column_builder.h"
#include "data/labels.h"

namespace lathe {

namespace {

bool is_wider(ColumnType wide, ColumnType narrow) {
  const auto is_signed = [](ColumnType type) { return type <= ColumnType::kInt64; };
  if (wide == ColumnType::kFloat64) return is_integer(narrow) || is_fraction(narrow);
  if (!is_integer(wide) || !is_integer(narrow)) return false;
  return is_signed(wide) == is_signed(narrow) && value_width(wide) > value_width(narrow);
}

// The one whose type holds the values of both; nullptr where neither does.
const Column* wider(const Column* a, const Column* b) {
  const Column *a_values = a, *b_values = b;
  while (is_list(a_values->type()) && a_values->type() == b_values->type()) {
    a_values = &a_values->elements();
    b_values = &b_values->elements();
  }
  if (b_values->null_count() == b_values->size()) return a;
  if (a_values->null_count() == a_values->size()) return b;
  if (a_values->type() == b_values->type() || is_wider(a_values->type(), b_values->type()))
    return a;
  return is_wider(b_values->type(), a_values->type()) ? b : nullptr;
}

// Whether the column could as well be one of nulls of any type: inference leaves it as empty texts.
bool says_nothing(const Column& column, bool inferred) {
  if (column.null_count() == column.size()) return true;
  if (!inferred || !is_text(column.type())) return false;
  int64_t row = 0;
  while (row < column.size() && (column.is_null(row) || column.text(row).empty())) ++row;
  return row == column.size();
}

Column nulls(const Column& like, const std::string& name, int64_t rows) {
  ColumnCopy copy(like);
  copy.append_nulls(rows);
  return copy.finish(name);
}

class Joiner {
 public:
  explicit Joiner(std::vector<FileTable> files) : files_(std::move(files)) {}

  Table join() {
    std::vector<std::string> names;
    for (const FileTable& file : files_) {
      for (const std::string& name : file.table.column_names()) {
        if (std::find(names.begin(), names.end(), name) == names.end()) names.push_back(name);
      }
    }
    std::vector<FileTable::Types> again(files_.size());
    for (const std::string& name : names) note_differing(name, again);
    for (std::size_t i = 0; i < files_.size(); ++i) {
      if (!again[i].empty()) replace(files_[i].table, files_[i].read_again(again[i]), again[i]);
    }
    std::vector<Column> columns;
    columns.reserve(names.size());
    for (const std::string& name : names) columns.push_back(joined(name));
    return Table(std::move(columns));
  }

 private:
  // Only the columns read again differ; the others stay as they were agreed on.
  static void replace(Table& table, const Table& fresh, const FileTable::Types& types) {
    std::vector<Column> columns = table.columns();
    for (Column& column : columns) {
      for (const auto& [name, type] : types) {
        if (column.name() == name) column = fresh.column(name);
      }
    }
    table = Table(std::move(columns), table.source());
  }

  // The column of the widest type among the files; Error where there is none, nullptr where it must
  // be text, or all say nothing.
  const Column* model_of(const std::string& name) const {
    const Column* model = nullptr;
    const FileTable* owner = nullptr;
    bool inferred = true;
    for (const FileTable& file : files_) inferred = inferred && file.read_again;
    for (const FileTable& file : files_) {
      const Column* column = file.table.find(name);
      if (column == nullptr && !file.may_lack_columns) {
        file.table.column(name);  // Error
      }
      if (column == nullptr || says_nothing(*column, static_cast<bool>(file.read_again))) continue;
      const Column* both = model == nullptr ? column : wider(model, column);
      if (both == nullptr && inferred) return nullptr;
      if (both == nullptr) {
        fail(column->where(), " holds ", column->type_name(), ", in ", owner->table.source(), " ",
             model->type_name());
      }
      check_labels(*column, model);
      if (both == column) owner = &file;
      model = both;
    }
    return model;
  }

  static void check_labels(const Column& column, const Column* model) {
    if (model == nullptr || column.labels() == model->labels()) return;
    if (column.labels() == nullptr || model->labels() == nullptr ||
        column.labels()->names() != model->labels()->names()) {
      fail(column.where(), ": its labels are not those of ", model->where());
    }
  }

  void note_differing(const std::string& name, std::vector<FileTable::Types>& again) const {
    const Column* model = model_of(name);
    const ColumnType type = model == nullptr ? ColumnType::kUtf8 : model->type();
    for (std::size_t i = 0; i < files_.size(); ++i) {
      const Column* column = files_[i].table.find(name);
      if (column == nullptr || !files_[i].read_again || column->type() == type) continue;
      again[i].emplace_back(name, type);
    }
  }

  Column joined(const std::string& name) const {
    const Column* model = model_of(name);
    std::vector<Column> parts;
    std::vector<Column::Source> sources;
    for (const FileTable& file : files_) {
      const Column* column = file.table.find(name);
      const int64_t rows = file.table.rows();
      sources.push_back({file.table.source(), rows});
      const bool same =
          column != nullptr && (model == nullptr || column->type_name() == model->type_name());
      if (same) {
        parts.push_back(*column);
      } else if (column == nullptr || column->null_count() == rows) {
        parts.push_back(nulls(*model, name, rows));
      } else {
        parts.push_back(is_list(column->type()) ? cast_elements(*column, values_type(*model))
                                                : cast(*column, model->type()));
      }
    }
    return Column::chained(parts).with_sources(sources);
  }

  static ColumnType values_type(const Column& list) {
    const Column* values = &list;
    while (is_list(values->type())) values = &values->elements();
    return values->type();
  }

  std::vector<FileTable> files_;
};

}  // namespace

Table join_files(std::vector<FileTable> files) {
  if (files.size() == 1) return std::move(files.front().table);
  return Joiner(std::move(files)).join();
}

}  // namespace lathe
