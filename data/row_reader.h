// The rows of delimited text, a field after another.
#pragma once

#include <string>
#include <vector>

#include "data/column_builder.h"
#include "data/delimited_reader.h"
#include "data/scan.h"
#include "data/source_text.h"

namespace lathe {

class RowReader {
 public:
  // Begins at `start`, a place in the source's text where a row or the header begins. All must
  // outlive it.
  RowReader(const SourceText& source, const DelimitedFormat& format, const char* start);

  // Reads the header. Error when there is none or a name is repeated.
  std::vector<std::string> read_header();

  // Reads the rows that begin at or before `limit`, up to behind the first line end at or behind
  // `limit` that is not in quotes. Error for a row that has not as many fields as there are names.
  void read_rows(const std::vector<std::string>& names, const char* limit);

  // Where the next row begins.
  const char* place() const { return next_; }

  // The fields of the rows read, as texts.
  std::vector<Column> finish(const std::vector<std::string>& names);

 private:
  enum class After { kField, kRow };  // what a field is followed by: one more, or its row's end

  bool skip_blank_line();
  bool at_carriage_return_of_line_end(const char* at) const;
  After read_field(TextBuilder& out);
  After read_quoted_field(TextBuilder& out);
  After read_end_of_quoted_field();
  [[noreturn]] void fail_ragged(const std::vector<std::string>& names, std::size_t fields,
                                After after);

  const SourceText& source_;
  const DelimitedFormat& format_;
  const char* next_;
  const char* const end_;
  const char* row_start_ = nullptr;
  ByteFinder separators_, quotes_;
  std::vector<TextBuilder> builders_;
};

}  // namespace lathe
