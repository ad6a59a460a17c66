#include "data/json_reader.h"

#include <algorithm>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "base/error.h"
#include "base/json.h"
#include "data/json_column.h"
#include "data/json_row.h"
#include "data/parallel.h"

namespace lathe {

namespace {

constexpr std::string_view kWhiteSpace = " \t\r\n";

// The columns that objects fall into, a row an object.
class Rows {
 public:
  explicit Rows(const SourceText& source) : source_(source) {}

  // The object that `row` has read is the next row. False, and nothing appended, where it has a key
  // twice.
  bool append(const JsonRow& row, const char* start) {
    const std::vector<JsonRow::Member>& members = row.members();
    places_.clear();
    for (std::size_t i = 0; i < members.size(); ++i) {
      const std::size_t place = place_of(members[i].key, i);
      if (place == kNone) break;
      if (last_row_[place] == count_) return false;
      last_row_[place] = count_;
      places_.push_back(place);
    }
    // Further keys are new ones, which only the first rows have.
    if (places_.size() < members.size() && members.size() > kMostNewKeys) return false;
    for (std::size_t i = places_.size(); i < members.size(); ++i) {
      for (std::size_t j = 0; j < i; ++j) {
        if (members[i].key == members[j].key) return false;
      }
    }
    for (std::size_t i = 0; i < members.size(); ++i) {
      const std::size_t place =
          i < places_.size() ? places_[i] : place_or_new(std::string(members[i].key), i);
      append_value(
          place, [&] { return source_.line_of(start); },
          [&](JsonColumn& column) { row.append_to(column, members[i]); });
    }
    ++count_;
    return true;
  }

  // `part` of the source is the next row.
  void append(std::string_view part) {
    const char* start = part.data() + std::min(part.find_first_not_of(kWhiteSpace), part.size());
    append(parse_json_part(part, source_.document(), source_.path()),
           [&] { return source_.line_of(start); });
  }

  // `place()` says where it stands.
  template <class Place>
  void append(const Json& row, Place place) {
    if (!row.is_object()) fail(place(), ": a row must be an object, this is ", row.kind());
    for (std::size_t i = 0; i < row.as_object().size(); ++i) {
      const auto& [key, value] = row.as_object()[i];
      append_value(place_or_new(key, i), place,
                   [&value = value](JsonColumn& column) { column.append(value); });
    }
    ++count_;
  }

  // The rows of each, one after another. Nothing when their columns do not fit each other.
  static std::optional<std::vector<Column>> joined(std::vector<Rows>& pieces) {
    std::vector<std::string> names;
    for (const Rows& rows : pieces) {
      for (const std::string& name : rows.names_) {
        if (std::find(names.begin(), names.end(), name) == names.end()) names.push_back(name);
      }
    }
    std::vector<Column> columns;
    for (const std::string& name : names) {
      std::optional<JsonType> type = JsonType{};
      for (Rows& rows : pieces) {
        type = JsonType::common(*type, rows.column_named(name).type());
        if (!type) return std::nullopt;
      }
      columns.push_back(Column::chained(made_in_parallel(std::ssize(pieces), [&](int64_t i) {
        JsonColumn& column = pieces[static_cast<std::size_t>(i)].column_named(name);
        column.become(*type);
        return column.finish(name);
      })));
    }
    return columns;
  }

  int64_t count() const { return count_; }

 private:
  static constexpr std::size_t kNone = SIZE_MAX;
  static constexpr std::size_t kMostNewKeys = 100;  // that are compared with one another

  // Nulls for the rows so far that did not have this column's key.
  void pad(JsonColumn& column) const {
    while (column.size() < count_) column.append_null();
  }

  // Keys mostly come in the order of the first row, so the column at `place` is tried before the
  // index.
  std::size_t place_of(std::string_view key, std::size_t place) const {
    if (place < names_.size() && names_[place] == key) return place;
    const auto found = index_.find(key);
    return found == index_.end() ? kNone : found->second;
  }

  std::size_t place_or_new(const std::string& key, std::size_t place) {
    const std::size_t known = place_of(key, place);
    if (known != kNone) return known;
    index_.emplace(key, names_.size());
    names_.push_back(key);
    columns_.emplace_back();
    last_row_.push_back(-1);
    return names_.size() - 1;
  }

  // With a null for every row that did not have its key, if all of them.
  JsonColumn& column_named(const std::string& name) {
    JsonColumn& column = columns_[place_or_new(name, 0)];
    pad(column);
    return column;
  }

  template <class Place, class Append>
  void append_value(std::size_t index, Place place, Append append) {
    JsonColumn& column = columns_[index];
    pad(column);
    try {
      append(column);
    } catch (const Error& error) {
      fail(place(), ": ", quoted(names_[index]), " ", error.what());
    }
  }

  const SourceText& source_;
  int64_t count_ = 0;
  std::vector<std::string> names_;
  std::vector<JsonColumn> columns_;
  std::vector<int64_t> last_row_;  // that had the column's key, of those read without a tree
  std::map<std::string, std::size_t, std::less<>> index_;
  std::vector<std::size_t> places_;
};

// The rows of whole lines.
void read_lines(std::string_view text, Rows& rows) {
  JsonRow row(text, /*newlines=*/false);
  const char* at = text.data();
  const char* const end = at + text.size();
  while (at != end) {
    const bool blank = *at == '\n' || *at == ' ' || *at == '\t' || *at == '\r';
    if (blank) {
      ++at;
      continue;
    }
    const char* after = row.read(at);
    while (after != nullptr && after != end &&
           (*after == ' ' || *after == '\t' || *after == '\r')) {
      ++after;
    }
    if (after == nullptr || (after != end && *after != '\n') || !rows.append(row, at)) {
      after = std::find(at, end, '\n');
      rows.append({at, static_cast<std::size_t>(after - at)});
    }
    at = after;
  }
}

std::vector<Column> finished(const SourceText& source, std::vector<Rows>& pieces) {
  int64_t count = 0;
  for (const Rows& rows : pieces) count += rows.count();
  if (count == 0) fail(source.path(), ": has no rows");
  std::optional<std::vector<Column>> columns = Rows::joined(pieces);
  if (!columns) fail(source.path(), ": values of different types under one key");
  if (columns->empty()) fail(source.path(), ": its rows have no keys");
  return std::move(*columns);
}

// The elements of the array that is the whole of a text, found by their brackets and strings alone:
// whether each is valid is for the parser to say.
class ArrayElements {
 public:
  explicit ArrayElements(const SourceText& source) : source_(source), text_(source.text()) {
    position_ = text_.find('[') + 1;  // holds_json_array() was true
  }

  // The next element with the white space around it; false after the last. `is_read`: it is an
  // object, and `row` has read it.
  bool next(JsonRow& row, std::string_view& element, bool& is_read) {
    if (closed_) return false;
    const std::size_t start = position_;
    std::size_t stop = end_of_object(row, start);
    is_read = stop != std::string_view::npos;
    if (!is_read) stop = end_of_element(start);
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
  // Where the comma or the bracket stands behind the object at `start`; npos where `row` cannot
  // read it.
  std::size_t end_of_object(JsonRow& row, std::size_t start) const {
    start = std::min(text_.find_first_not_of(kWhiteSpace, start), text_.size());
    const char* after = row.read(text_.data() + start);
    if (after == nullptr) return std::string_view::npos;
    const std::size_t stop =
        text_.find_first_not_of(kWhiteSpace, static_cast<std::size_t>(after - text_.data()));
    const bool ends = stop != std::string_view::npos && (text_[stop] == ',' || text_[stop] == ']');
    return ends ? stop : std::string_view::npos;
  }

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

std::vector<Column> read_json_lines(const SourceText& source, int64_t piece_bytes) {
  const std::vector<std::string_view> texts = source.lines(piece_bytes);
  std::vector<Rows> pieces;
  for (std::size_t i = 0; i < texts.size(); ++i) pieces.emplace_back(source);
  try {
    in_parallel(std::ssize(texts), [&](int64_t i) {
      const auto piece = static_cast<std::size_t>(i);
      read_lines(texts[piece], pieces[piece]);
    });
    return finished(source, pieces);
  } catch (const Error&) {
    if (pieces.size() == 1) throw;
  }
  // What is wrong first, and in the words of the rows before it, is known to one reader alone.
  pieces.clear();
  pieces.emplace_back(source);
  read_lines(source.text(), pieces.front());
  return finished(source, pieces);
}

std::vector<Column> read_json_array(const SourceText& source) {
  std::vector<Rows> rows;
  rows.emplace_back(source);
  JsonRow row(source.text(), /*newlines=*/true);
  ArrayElements elements(source);
  bool is_read = false;
  for (std::string_view element; elements.next(row, element, is_read);) {
    if (!is_read || !rows[0].append(row, element.data() + element.find('{'))) {
      rows[0].append(element);
    }
  }
  return finished(source, rows);
}

std::vector<Column> read_json_field(const SourceText& source, const std::string& field) {
  const Json document = parse_json(source.text(), source.path());
  const Json* array = document.find(field);
  if (array == nullptr || !array->is_array()) {
    fail(source.path(), ": has no key ", quoted(field), " with an array of rows");
  }
  std::vector<Rows> rows;
  rows.emplace_back(source);
  for (const Json& row : array->as_array()) {
    rows[0].append(row, [&] { return concat(source.path(), ": row ", rows[0].count() + 1); });
  }
  return finished(source, rows);
}

}  // namespace lathe
