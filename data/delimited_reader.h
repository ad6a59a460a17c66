// CSV (RFC 4180) and TSV, in one pass over the file's bytes.
#pragma once

#include <vector>

#include "data/column.h"
#include "data/source_text.h"

namespace lathe {

struct DelimitedFormat {
  char delimiter = ',';
  bool quotes = true;  // false: a quote is a character like any other
};

// The columns as text, named by the header. Error naming the line of a row that does not fit the
// header, of a repeated column name, of a quote that is never closed or is followed by text; and
// for a file without rows.
std::vector<Column> read_delimited(const SourceText& source, const DelimitedFormat& format);

}  // namespace lathe
