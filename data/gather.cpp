#include "base/error.h"
#include "data/column.h"
#include "data/column_builder.h"

namespace lathe {

Column gather(const Column& column, const std::vector<int64_t>& rows) {
  ColumnCopy copy(column);
  bool in_place = true;
  for (std::size_t i = 0; i < rows.size();) {
    const int64_t begin = rows[i];
    if (begin < 0 || begin >= column.size()) {
      fail("column ", quoted(column.name()), " has no row ", begin, ": it has ", column.size(),
           " rows");
    }
    in_place = in_place && begin == static_cast<int64_t>(i);
    int64_t end = begin;  // rows that follow each other are copied together
    do {
      ++i;
      ++end;
    } while (i < rows.size() && rows[i] == end && end < column.size());
    copy.append(column, begin, end);
  }
  const Column gathered = copy.finish(column.name()).with_labels(column.labels());
  return in_place ? gathered.with_sources_of(column) : gathered;
}

}  // namespace lathe
