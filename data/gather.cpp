#include <algorithm>

#include "base/error.h"
#include "data/column.h"
#include "data/column_builder.h"

namespace lathe {

namespace {

// Appends column's value of each row of `rows` through `append(row)`, or a null.
template <class Builder, class Append>
void gather_into(Builder& builder, const Column& column, const std::vector<int64_t>& rows,
                 Append append) {
  for (const int64_t row : rows) {
    if (column.is_null(row)) {
      builder.append_null();
    } else {
      append(row);
    }
  }
}

Column gather_texts(const Column& column, const std::vector<int64_t>& rows) {
  TextBuilder builder;
  gather_into(builder, column, rows, [&](int64_t row) { builder.append(column.text(row)); });
  return builder.finish(column.name());
}

Column gather_lists(const Column& column, const std::vector<int64_t>& rows) {
  ListBuilder builder;
  std::vector<int64_t> element_rows;
  gather_into(builder, column, rows, [&](int64_t row) {
    const RowRange list = column.list(row);
    for (int64_t i = list.begin; i < list.end; ++i) element_rows.push_back(i);
    builder.end_list(static_cast<int64_t>(element_rows.size()));
  });
  return builder.finish(column.name(), gather(column.elements(), element_rows));
}

Column gather_values(const Column& column, const std::vector<int64_t>& rows) {
  switch (column.type()) {
    case ColumnType::kBool: {
      BoolBuilder builder;
      gather_into(builder, column, rows, [&](int64_t row) { builder.append(column.boolean(row)); });
      return builder.finish(column.name());
    }
    case ColumnType::kInt64: {
      NumberBuilder<int64_t> builder;
      gather_into(builder, column, rows, [&](int64_t row) { builder.append(column.integer(row)); });
      return builder.finish(column.name());
    }
    case ColumnType::kFloat64: {
      NumberBuilder<double> builder;
      gather_into(builder, column, rows, [&](int64_t row) { builder.append(column.number(row)); });
      return builder.finish(column.name());
    }
    case ColumnType::kUtf8:
    case ColumnType::kLargeUtf8:
      return gather_texts(column, rows);
    case ColumnType::kList:
      return gather_lists(column, rows);
  }
  fail("column ", quoted(column.name()), " has a type that cannot be gathered");
}

}  // namespace

Column gather(const Column& column, const std::vector<int64_t>& rows) {
  bool in_place = true;
  for (std::size_t i = 0; i < rows.size(); ++i) {
    if (rows[i] < 0 || rows[i] >= column.size()) {
      fail("column ", quoted(column.name()), " has no row ", rows[i], ": it has ", column.size(),
           " rows");
    }
    in_place = in_place && rows[i] == static_cast<int64_t>(i);
  }
  Column gathered = gather_values(column, rows);
  return in_place ? gathered.with_source(column.source()) : gathered;
}

}  // namespace lathe
