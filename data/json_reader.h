// JSON tables: an array of objects, or an object a line. One object is parsed at a time, so memory
// holds the columns and one row's values.
#pragma once

#include <vector>

#include "data/column.h"
#include "data/source_text.h"

namespace lathe {

// Columns in the order in which their keys first appear. Error naming the line of anything that is
// not JSON, not an object, or not of its column's type; and for a file without rows.
std::vector<Column> read_json_lines(const SourceText& source);
std::vector<Column> read_json_array(const SourceText& source);

// Whether the first character that is not white space opens an array.
bool holds_json_array(const SourceText& source);

}  // namespace lathe
