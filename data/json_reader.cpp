#include "data/json_reader.h"

#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>

#include "base/error.h"
#include "base/json.h"
#include "data/json_column.h"

namespace lathe {

namespace {

constexpr std::string_view kWhiteSpace = " \t\r\n";

// The columns that objects fall into, a row an object.
class Rows {
 public:
  explicit Rows(const SourceText& source) : source_(source) {}

  // `part` of the source is the next row.
  void append(std::string_view part) {
    const Json row = parse_json_part(part, source_.text(), source_.path());
    const char* start = part.data() + std::min(part.find_first_not_of(kWhiteSpace), part.size());
    if (!row.is_object()) {
      fail(source_.line_of(start), ": a row must be an object, this is ", row.kind());
    }
    for (std::size_t i = 0; i < row.as_object().size(); ++i) {
      const auto& [key, value] = row.as_object()[i];
      append_value(column_of(key, i), key, value, start);
    }
    ++count_;
  }

  std::vector<Column> finish() {
    if (count_ == 0) fail(source_.path(), ": has no rows");
    if (columns_.empty()) fail(source_.path(), ": its rows have no keys");
    std::vector<Column> columns;
    for (std::size_t i = 0; i < columns_.size(); ++i) {
      pad(columns_[i]);
      columns.push_back(columns_[i].finish(std::move(names_[i])));
    }
    return columns;
  }

 private:
  // Nulls for the rows so far that did not have this column's key.
  void pad(JsonColumn& column) const {
    while (column.size() < count_) column.append_null();
  }

  // Keys mostly come in the order of the first row, so the column at `place` is tried before the
  // index.
  JsonColumn& column_of(const std::string& key, std::size_t place) {
    if (place < names_.size() && names_[place] == key) return columns_[place];
    const auto [found, is_new] = index_.try_emplace(key, names_.size());
    if (is_new) {
      names_.push_back(key);
      columns_.emplace_back();
    }
    return columns_[found->second];
  }

  void append_value(JsonColumn& column, const std::string& key, const Json& value,
                    const char* start) const {
    pad(column);
    try {
      column.append(value);
    } catch (const Error& error) {
      fail(source_.line_of(start), ": ", quoted(key), " ", error.what());
    }
  }

  const SourceText& source_;
  int64_t count_ = 0;
  std::vector<std::string> names_;
  std::vector<JsonColumn> columns_;
  std::unordered_map<std::string, std::size_t> index_;
};

// The elements of the array that is the whole of a text, found by their brackets and strings alone:
// whether each is valid is for the parser to say.
class ArrayElements {
 public:
  explicit ArrayElements(const SourceText& source) : source_(source), text_(source.text()) {
    position_ = text_.find('[') + 1;  // holds_json_array() was true
  }

  // The next element with the white space around it; false after the last.
  bool next(std::string_view& element) {
    if (closed_) return false;
    const std::size_t start = position_;
    const std::size_t stop = end_of_element(start);
    element = text_.substr(start, stop - start);
    position_ = stop + 1;
    closed_ = text_[stop] == ']';
    if (closed_) check_nothing_follows();
    const bool blank = element.find_first_not_of(kWhiteSpace) == std::string_view::npos;
    if (blank && closed_ && first_) return false;  // the empty array
    first_ = false;
    return true;
  }

 private:
  // Where the comma or the bracket stands that ends the element at `start`.
  std::size_t end_of_element(std::size_t start) const {
    int64_t depth = 0;
    for (std::size_t position = start;; ++position) {
      position = text_.find_first_of("\",[]{}", position);
      if (position == std::string_view::npos) fail_brackets(start, text_.size());
      const char c = text_[position];
      if (c == '"') {
        position = end_of_string(position);
      } else if (c == '[' || c == '{') {
        ++depth;
      } else if (depth == 0) {
        if (c == ',' || c == ']') return position;
        fail_brackets(start, position + 1);
      } else if (c != ',') {
        --depth;
      }
    }
  }

  // Where the quote stands that closes the string opened at `opening`.
  std::size_t end_of_string(std::size_t opening) const {
    std::size_t position = opening + 1;
    for (;; position += 2) {  // past an escape
      position = text_.find_first_of("\"\\", position);
      if (position == std::string_view::npos) {
        fail(source_.place_of(text_.data() + opening), ": this string is never closed");
      }
      if (text_[position] == '"') return position;
    }
  }

  // Brackets that do not match: the parser knows better where the fault is. It finds none only in a
  // whole element at the end of the text.
  [[noreturn]] void fail_brackets(std::size_t start, std::size_t stop) const {
    parse_json_part(text_.substr(start, stop - start), text_, source_.path());
    fail(source_.path(), ": the array is never closed");
  }

  void check_nothing_follows() const {
    const std::size_t more = text_.find_first_not_of(kWhiteSpace, position_);
    if (more == std::string_view::npos) return;
    fail(source_.place_of(text_.data() + more), ": text after the end of the array");
  }

  const SourceText& source_;
  const std::string_view text_;
  std::size_t position_ = 0;
  bool first_ = true;
  bool closed_ = false;
};

}  // namespace

bool holds_json_array(const SourceText& source) {
  const std::size_t first = source.text().find_first_not_of(kWhiteSpace);
  return first != std::string_view::npos && source.text()[first] == '[';
}

std::vector<Column> read_json_lines(const SourceText& source) {
  Rows rows(source);
  std::string_view rest = source.text();
  while (!rest.empty()) {
    const std::string_view line = rest.substr(0, rest.find('\n'));
    rest.remove_prefix(std::min(line.size() + 1, rest.size()));
    if (line.find_first_not_of(kWhiteSpace) != std::string_view::npos) rows.append(line);
  }
  return rows.finish();
}

std::vector<Column> read_json_array(const SourceText& source) {
  Rows rows(source);
  ArrayElements elements(source);
  for (std::string_view element; elements.next(element);) rows.append(element);
  return rows.finish();
}

}  // namespace lathe
