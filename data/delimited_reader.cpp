#include "data/delimited_reader.h"

#include <algorithm>
#include <cstring>

#include "base/error.h"
#include "data/column_builder.h"
#include "data/scan.h"

namespace lathe {

namespace {

class DelimitedReader {
 public:
  DelimitedReader(const SourceText& source, const DelimitedFormat& format)
      : source_(source),
        format_(format),
        next_(source.text().data()),
        end_(next_ + source.text().size()) {}

  std::vector<Column> read() {
    read_header();
    builders_.resize(names_.size());
    while (skip_blank_lines()) read_row();
    if (builders_.front().size() == 0) fail(source_.path(), ": has a header and no rows");
    std::vector<Column> columns;
    for (std::size_t i = 0; i < names_.size(); ++i) {
      columns.push_back(builders_[i].finish(std::move(names_[i])));
    }
    return columns;
  }

 private:
  enum class After {
    kField,
    kRow
  };  // what a field is followed by: one more, or the end of its row

  // Goes to the next line that has something on it; false when there is none.
  bool skip_blank_lines() {
    while (next_ != end_) {
      if (*next_ == '\n') {
        ++next_;
      } else if (at_carriage_return_of_line_end(next_)) {
        next_ = std::min(next_ + 2, end_);
      } else {
        return true;
      }
    }
    return false;
  }

  bool at_carriage_return_of_line_end(const char* at) const {
    return *at == '\r' && (at + 1 == end_ || at[1] == '\n');
  }

  void read_header() {
    if (!skip_blank_lines()) fail(source_.path(), ": is empty");
    row_start_ = next_;
    TextBuilder fields;
    while (read_field(fields) == After::kField) {
    }
    const Column header = fields.finish("header");
    for (int64_t i = 0; i < header.size(); ++i) {
      std::string name(header.text(i));
      if (name.empty()) name = concat("Unnamed: ", i);
      const auto first = std::find(names_.begin(), names_.end(), name);
      if (first != names_.end()) {
        fail(source_.line_of(row_start_), ": columns ", first - names_.begin() + 1, " and ", i + 1,
             " are both named ", quoted(name));
      }
      names_.push_back(std::move(name));
    }
  }

  void read_row() {
    row_start_ = next_;
    const std::size_t count = builders_.size();
    for (std::size_t i = 0; i < count; ++i) {
      const After after = read_field(builders_[i]);
      if ((after == After::kRow) != (i + 1 == count)) fail_ragged(i + 1, after);
    }
  }

  // Appends the field at next_ and goes past what ends it.
  After read_field(TextBuilder& out) {
    if (format_.quotes && next_ != end_ && *next_ == '"') return read_quoted_field(out);
    const char* stop = find_either(next_, end_, format_.delimiter, '\n');
    const bool row_ends = stop == end_ || *stop == '\n';
    const char* field_end = row_ends && stop != next_ && stop[-1] == '\r' ? stop - 1 : stop;
    out.append({next_, static_cast<std::size_t>(field_end - next_)});
    next_ = stop == end_ ? end_ : stop + 1;
    return row_ends ? After::kRow : After::kField;
  }

  After read_quoted_field(TextBuilder& out) {
    const char* opening = next_++;
    for (;;) {
      const auto left = static_cast<std::size_t>(end_ - next_);
      const auto* quote = static_cast<const char*>(std::memchr(next_, '"', left));
      if (quote == nullptr) fail(source_.place_of(opening), ": this quote is never closed");
      const bool doubled = quote + 1 != end_ && quote[1] == '"';
      const char* piece_end = doubled ? quote + 1 : quote;
      out.append_piece({next_, static_cast<std::size_t>(piece_end - next_)});
      next_ = doubled ? quote + 2 : quote + 1;
      if (!doubled) break;
    }
    out.end_value();
    return read_end_of_quoted_field();
  }

  After read_end_of_quoted_field() {
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

  [[noreturn]] void fail_ragged(std::size_t fields, After after) {
    const std::size_t expected = names_.size();
    TextBuilder rest;
    for (; after == After::kField; ++fields) after = read_field(rest);
    const std::string place = source_.line_of(row_start_);
    const std::string counts = concat(": ", fields, fields == 1 ? " field" : " fields",
                                      ", the header has ", expected, " (");
    if (fields + 1 == expected) {
      fail(place, counts, "column ", quoted(names_.back()), " is missing)");
    }
    if (fields < expected) {
      fail(place, counts, "columns ", quoted(names_[fields]), " to ", quoted(names_.back()),
           " are missing)");
    }
    fail(place, counts,
         format_.quotes ? "a field that holds a comma must stand in quotes)"
                        : "a field cannot hold a tab)");
  }

  const SourceText& source_;
  const DelimitedFormat format_;
  const char* next_;
  const char* const end_;
  const char* row_start_ = nullptr;
  std::vector<std::string> names_;
  std::vector<TextBuilder> builders_;
};

}  // namespace

std::vector<Column> read_delimited(const SourceText& source, const DelimitedFormat& format) {
  return DelimitedReader(source, format).read();
}

}  // namespace lathe
