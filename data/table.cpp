#include "data/table.h"

#include <algorithm>
#include <set>

#include "base/error.h"

namespace lathe {

Table::Table(std::vector<Column> columns, std::string source)
    : columns_(std::move(columns)), source_(std::move(source)) {
  const std::string prefix = source_.empty() ? "" : source_ + ": ";
  std::set<std::string_view> names;
  for (const Column& column : columns_) {
    if (!names.insert(column.name()).second) {
      fail(prefix, "two columns are named ", quoted(column.name()));
    }
    if (column.size() != rows()) {
      fail(prefix, "column ", quoted(column.name()), " has ", column.size(), " rows, column ",
           quoted(columns_.front().name()), " has ", rows());
    }
  }
}

std::vector<std::string> Table::column_names() const {
  std::vector<std::string> names;
  names.reserve(columns_.size());
  for (const Column& column : columns_) names.push_back(column.name());
  return names;
}

const Column* Table::find(std::string_view name) const {
  const auto found = std::find_if(columns_.begin(), columns_.end(),
                                  [&](const Column& column) { return column.name() == name; });
  return found == columns_.end() ? nullptr : &*found;
}

const Column& Table::column(std::string_view name) const {
  if (const Column* found = find(name)) return *found;
  const std::vector<std::string> names = column_names();
  const std::string nearest = nearest_name(std::string(name), names);
  fail(source_.empty() ? "" : source_ + ": ", "no column ", quoted(name),
       nearest.empty() ? "" : ", did you mean " + quoted(nearest) + "?",
       " (columns: ", quoted_list(names), ")");
}

Table Table::select(const std::vector<int64_t>& rows) const {
  std::vector<Column> selected;
  selected.reserve(columns_.size());
  for (const Column& column : columns_) selected.push_back(gather(column, rows));
  return Table(std::move(selected), source_);
}

}  // namespace lathe
