// Tables as text for other programs. Error naming the row of a text that is not UTF-8, which Arrow
// files of other programs may hold.
#pragma once

#include <string>

#include "data/table.h"

namespace lathe {

// RFC 4180 with a header, \n between rows. A field is quoted where it must be: commas, quotes, line
// ends, and the empty field of a row that has only one. Nulls are empty fields, booleans true and
// false, lists JSON. read_table() gives the same values back, except that it cannot tell a null
// text from an empty one nor a text that looks like a number from the number.
void write_csv(const std::string& path, const Table& table);
// An object a line, nulls as null. What JSON has no number for (NaN, infinity) is null.
void write_json_lines(const std::string& path, const Table& table);

// The value as JSON.
std::string json_of(const Column& column, int64_t row);

}  // namespace lathe
