#include "data/row_reader.h"

#include <algorithm>

#include "base/error.h"

namespace lathe {

RowReader::RowReader(const SourceText& source, const DelimitedFormat& format, const char* start)
    : source_(source),
      format_(format),
      next_(start),
      end_(source.text().data() + source.text().size()),
      separators_(source.text(), {format.delimiter, '\n'}),
      quotes_(source.text(), {'"', '"'}) {}

bool RowReader::at_carriage_return_of_line_end(const char* at) const {
  return *at == '\r' && (at + 1 == end_ || at[1] == '\n');
}

// Goes past a line with nothing on it; false when there is none at next_.
bool RowReader::skip_blank_line() {
  if (*next_ == '\n') {
    ++next_;
  } else if (at_carriage_return_of_line_end(next_)) {
    next_ = std::min(next_ + 2, end_);
  } else {
    return false;
  }
  return true;
}

std::vector<std::string> RowReader::read_header() {
  while (next_ != end_ && skip_blank_line()) {
  }
  if (next_ == end_) fail(source_.path(), ": is empty");
  row_start_ = next_;
  TextBuilder fields;
  while (read_field(fields) == After::kField) {
  }
  const Column header = fields.finish("header");
  std::vector<std::string> names;
  for (int64_t i = 0; i < header.size(); ++i) {
    std::string name(header.text(i));
    if (name.empty()) name = concat("Unnamed: ", i);
    const auto first = std::find(names.begin(), names.end(), name);
    if (first != names.end()) {
      fail(source_.line_of(row_start_), ": columns ", first - names.begin() + 1, " and ", i + 1,
           " are both named ", quoted(name));
    }
    names.push_back(std::move(name));
  }
  return names;
}

void RowReader::read_rows(const std::vector<std::string>& names, const char* limit) {
  const std::size_t count = names.size();
  builders_.resize(count);
  while (next_ != end_ && next_ <= limit) {
    if (skip_blank_line()) continue;
    row_start_ = next_;
    for (std::size_t i = 0; i < count; ++i) {
      const After after = read_field(builders_[i]);
      if ((after == After::kRow) != (i + 1 == count)) fail_ragged(names, i + 1, after);
    }
  }
}

std::vector<Column> RowReader::finish(const std::vector<std::string>& names) {
  std::vector<Column> columns;
  for (std::size_t i = 0; i < names.size(); ++i) columns.push_back(builders_[i].finish(names[i]));
  return columns;
}

// Appends the field at next_ and goes past what ends it.
RowReader::After RowReader::read_field(TextBuilder& out) {
  if (format_.quotes && next_ != end_ && *next_ == '"') return read_quoted_field(out);
  const char* stop = separators_.next(next_);
  const bool row_ends = stop == end_ || *stop == '\n';
  const char* field_end = row_ends && stop != next_ && stop[-1] == '\r' ? stop - 1 : stop;
  out.append({next_, static_cast<std::size_t>(field_end - next_)});
  next_ = stop == end_ ? end_ : stop + 1;
  return row_ends ? After::kRow : After::kField;
}

RowReader::After RowReader::read_quoted_field(TextBuilder& out) {
  const char* opening = next_++;
  for (;;) {
    const char* quote = quotes_.next(next_);
    if (quote == end_) fail(source_.place_of(opening), ": this quote is never closed");
    const bool doubled = quote + 1 != end_ && quote[1] == '"';
    const char* piece_end = doubled ? quote + 1 : quote;
    out.append_piece({next_, static_cast<std::size_t>(piece_end - next_)});
    next_ = doubled ? quote + 2 : quote + 1;
    if (!doubled) break;
  }
  out.end_value();
  return read_end_of_quoted_field();
}

RowReader::After RowReader::read_end_of_quoted_field() {
  if (next_ == end_) return After::kRow;
  if (*next_ == format_.delimiter) {
    ++next_;
    return After::kField;
  }
  if (at_carriage_return_of_line_end(next_)) ++next_;
  if (next_ == end_) return After::kRow;
  if (*next_ == '\n') {
    ++next_;
    return After::kRow;
  }
  fail(source_.place_of(next_), ": text after the closing quote: a quote inside a field is ",
       "written twice, \"\"");
}

void RowReader::fail_ragged(const std::vector<std::string>& names, std::size_t fields,
                            After after) {
  const std::size_t expected = names.size();
  TextBuilder rest;
  for (; after == After::kField; ++fields) after = read_field(rest);
  const std::string place = source_.line_of(row_start_);
  const std::string counts =
      concat(": ", fields, fields == 1 ? " field" : " fields",
             format_.column_names.empty() ? ", the header has " : ", the columns named are ",
             expected, " (");
  if (fields + 1 == expected) {
    fail(place, counts, "column ", quoted(names.back()), " is missing)");
  }
  if (fields < expected) {
    fail(place, counts, "columns ", quoted(names[fields]), " to ", quoted(names.back()),
         " are missing)");
  }
  const std::string delimiter = format_.delimiter == ','    ? "comma"
                                : format_.delimiter == '\t' ? "tab"
                                                            : quoted({&format_.delimiter, 1});
  fail(place, counts, format_.quotes ? "a field that holds a " : "a field cannot hold a ",
       delimiter, format_.quotes ? " must stand in quotes)" : ")");
}

}  // namespace lathe
