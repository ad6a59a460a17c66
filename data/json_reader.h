// JSON tables: an array of objects, or an object a line. Objects are read straight into the
// columns; only an unusual one goes through a tree of values (data/json_row.h).
#pragma once

#include <string>
#include <vector>

#include "data/column.h"
#include "data/source_text.h"

namespace lathe {

// Columns in the order in which their keys first appear. Error naming the line of anything that is
// not JSON, not an object, or not of its column's type; and for a file without rows.
// Lines are parsed in pieces of at least so many bytes, on all threads; nothing but speed depends
// on how many.
std::vector<Column> read_json_lines(const SourceText& source, int64_t piece_bytes = 1 << 20);
std::vector<Column> read_json_array(const SourceText& source);
// Of a text that is one object: the array of objects under that key. Error naming the row.
std::vector<Column> read_json_field(const SourceText& source, const std::string& field);

// Whether the first character that is not white space opens an array.
bool holds_json_array(const SourceText& source);

}  // namespace lathe
