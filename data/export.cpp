#include "data/export.h"

#include <cmath>

#include "base/error.h"
#include "base/file.h"
#include "base/json.h"
#include "base/utf8.h"
#include "data/cast.h"

namespace lathe {

namespace {

constexpr std::size_t kBlock = std::size_t{1} << 20;  // bytes that are written at a time
constexpr int64_t kRows = 4096;                       // whose numbers are made into text at a time

// What an Arrow file calls text may be any bytes.
void require_utf8(const Column& column, int64_t row) {
  if (!is_valid_utf8(column.text(row))) {
    fail(column.where(row), ": the text is not valid UTF-8");
  }
}

// JSON has no word for infinities and NaN.
bool is_json_null(const Column& column, int64_t row) {
  return column.is_null(row) || (is_fraction(column.type()) && !std::isfinite(column.number(row)));
}

void append_json(const Column& column, int64_t row, std::string& out) {
  if (is_json_null(column, row)) {
    out += "null";
  } else if (is_list(column.type())) {
    const RowRange list = column.list(row);
    for (int64_t i = list.begin; i < list.end; ++i) {
      out += i == list.begin ? "[" : ", ";
      append_json(column.elements(), i, out);
    }
    out += list.size() == 0 ? "[]" : "]";
  } else if (is_text(column.type())) {
    require_utf8(column, row);  // it may stand in a list
    out += Json(column.text(row)).dump();
  } else {
    out += cast(column.slice(row, row + 1), ColumnType::kUtf8).text(0);
  }
}

// A block of columns whose single values are texts; lists stay lists.
std::vector<Column> as_texts(const std::vector<Column>& columns, int64_t begin, int64_t end) {
  std::vector<Column> texts;
  for (const Column& column : columns) {
    for (int64_t row = begin; is_text(column.type()) && row < end; ++row) require_utf8(column, row);
    const Column part = column.slice(begin, end);
    texts.push_back(is_list(part.type()) ? part : cast(part, ColumnType::kUtf8));
  }
  return texts;
}

void append_field(std::string_view field, bool alone, std::string& out) {
  if (field.find_first_of(",\"\n\r") == std::string_view::npos && !(field.empty() && alone)) {
    out += field;
    return;
  }
  out += '"';
  for (const char c : field) out.append(c == '"' ? 2 : 1, c);
  out += '"';
}

void append_csv_row(const std::vector<Column>& texts, int64_t row, std::string& out) {
  std::string list;
  for (std::size_t i = 0; i < texts.size(); ++i) {
    if (i > 0) out += ',';
    std::string_view field;
    if (is_list(texts[i].type()) && !texts[i].is_null(row)) {
      list.clear();
      append_json(texts[i], row, list);
      field = list;
    } else if (!texts[i].is_null(row)) {
      field = texts[i].text(row);
    }
    append_field(field, texts.size() == 1, out);
  }
  out += '\n';
}

bool is_written_plain(const Column& original, int64_t row) {
  return !is_text(original.type()) &&
         !(is_fraction(original.type()) && !std::isfinite(original.number(row)));
}

void append_json_row(const Table& table, const std::vector<Column>& texts,
                     const std::vector<std::string>& keys, int64_t begin, int64_t row,
                     std::string& out) {
  for (std::size_t i = 0; i < texts.size(); ++i) {
    const Column& original = table.columns()[i];
    out += i == 0 ? "{" : ", ";
    out += keys[i];
    out += ": ";
    if (texts[i].is_null(row) || is_list(texts[i].type()) ||
        !is_written_plain(original, begin + row)) {
      append_json(original, begin + row, out);
    } else {
      out += texts[i].text(row);
    }
  }
  out += "}\n";
}

// Writes what append(texts, begin, row of texts, out) makes of every row.
template <class Append>
void write_rows(AtomicFile& file, const Table& table, std::string out, Append append) {
  for (int64_t begin = 0; begin < table.rows(); begin += kRows) {
    const int64_t end = std::min(table.rows(), begin + kRows);
    const std::vector<Column> texts = as_texts(table.columns(), begin, end);
    for (int64_t row = 0; row < end - begin; ++row) {
      append(texts, begin, row, out);
      if (out.size() < kBlock) continue;
      file.write(out);
      out.clear();
    }
  }
  file.write(out);
}

}  // namespace

void write_csv(const std::string& path, const Table& table) {
  AtomicFile file(path);
  std::string header;
  for (std::size_t i = 0; i < table.columns().size(); ++i) {
    if (i > 0) header += ',';
    append_field(table.columns()[i].name(), table.columns().size() == 1, header);
  }
  write_rows(file, table, header + '\n',
             [](const std::vector<Column>& texts, int64_t, int64_t row, std::string& out) {
               append_csv_row(texts, row, out);
             });
  file.commit();
}

void write_json_lines(const std::string& path, const Table& table) {
  AtomicFile file(path);
  std::vector<std::string> keys;
  for (const Column& column : table.columns()) keys.push_back(Json(column.name()).dump());
  write_rows(file, table, "",
             [&](const std::vector<Column>& texts, int64_t begin, int64_t row, std::string& out) {
               append_json_row(table, texts, keys, begin, row, out);
             });
  file.commit();
}

std::string json_of(const Column& column, int64_t row) {
  std::string out;
  append_json(column, row, out);
  return out;
}

}  // namespace lathe
