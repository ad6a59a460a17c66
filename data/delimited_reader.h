// CSV (RFC 4180) and TSV, in pieces on all threads.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "data/column.h"
#include "data/source_text.h"

namespace lathe {

struct DelimitedFormat {
  char delimiter = ',';
  bool quotes = true;  // false: a quote is a character like any other
  // The columns' names; empty: the first line that is not blank holds them.
  std::vector<std::string> column_names = {};
  // Fields that are one of these are null, in quotes or not.
  std::vector<std::string> null_values = {};
  // The text is parsed in pieces of about so many bytes. Nothing but speed depends on it.
  int64_t piece_bytes = int64_t{1} << 20;
};

// The columns, named by the header. Those for which `infers` holds are of the type that
// infer_type() finds for all of their fields together, the others are texts. Error naming the line
// of a row that does not fit the header, of a repeated column name, of a quote that is never closed
// or is followed by text; and for a file without rows.
std::vector<Column> read_delimited(const SourceText& source, const DelimitedFormat& format,
                                   const std::function<bool(std::string_view)>& infers);

// The texts, in one chunk, with nulls where they are one of the values.
Column with_nulls(const Column& texts, const std::vector<std::string>& null_values);

}  // namespace lathe
