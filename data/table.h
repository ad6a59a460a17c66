// Columns of equal length under different names.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "data/column.h"

namespace lathe {

class Table {
 public:
  Table() = default;
  // Error when the columns' lengths differ or a name is repeated. `source` names the file they came
  // from in messages.
  explicit Table(std::vector<Column> columns, std::string source = "");

  int64_t rows() const { return columns_.empty() ? 0 : columns_.front().size(); }
  const std::vector<Column>& columns() const { return columns_; }
  std::vector<std::string> column_names() const;
  const std::string& source() const { return source_; }

  // Error naming the nearest name and the existing ones when there is no such column.
  const Column& column(std::string_view name) const;
  const Column* find(std::string_view name) const;  // nullptr when there is none

  // The rows in that order; Error for one that does not exist.
  Table select(const std::vector<int64_t>& rows) const;

 private:
  std::vector<Column> columns_;
  std::string source_;
};

}  // namespace lathe
