#include "data/reader.h"

#include <algorithm>
#include <cctype>
#include <string_view>

#include "base/error.h"
#include "base/file.h"
#include "data/arrow_reader.h"
#include "data/cast.h"
#include "data/dataset_directory.h"
#include "data/delimited_reader.h"
#include "data/json_reader.h"
#include "data/source_text.h"
#include "data/text_reader.h"

namespace lathe {

namespace {

enum class FileKind { kCsv, kTsv, kJson, kJsonLines, kText, kArrow };

FileKind kind_of(const std::string& path) {
  if (is_arrow_path(path)) return FileKind::kArrow;
  const std::size_t slash = path.rfind('/');
  const std::string name = slash == std::string::npos ? path : path.substr(slash + 1);
  const std::size_t dot = name.rfind('.');
  std::string extension = dot == std::string::npos ? "" : name.substr(dot);
  std::transform(extension.begin(), extension.end(), extension.begin(),
                 [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  if (extension == ".csv") return FileKind::kCsv;
  if (extension == ".tsv") return FileKind::kTsv;
  if (extension == ".json") return FileKind::kJson;
  if (extension == ".jsonl") return FileKind::kJsonLines;
  if (extension == ".txt") return FileKind::kText;
  fail(path, ": ", extension.empty() ? "no extension" : "unknown extension " + quoted(extension),
       " (known: .csv, .tsv, .json, .jsonl, .txt, .arrow)");
}

std::vector<Column> parse_delimited(const SourceText& source, FileKind kind,
                                    const ReadOptions& options) {
  const bool tsv = kind == FileKind::kTsv;
  return read_delimited(
      source, {.delimiter = tsv ? '\t' : ',', .quotes = !tsv, .piece_bytes = options.piece_bytes},
      [&](std::string_view name) {
        return options.infer_types && options.declared(name) == nullptr;
      });
}

std::vector<Column> parse_columns(const SourceText& source, FileKind kind,
                                  const ReadOptions& options) {
  switch (kind) {
    case FileKind::kCsv:
    case FileKind::kTsv:
      return parse_delimited(source, kind, options);
    case FileKind::kJsonLines:
      return read_json_lines(source, options.piece_bytes);
    case FileKind::kJson:
      return holds_json_array(source) ? read_json_array(source)
                                      : read_json_lines(source, options.piece_bytes);
    case FileKind::kText:
      return {read_lines(source, options.piece_bytes)};
    case FileKind::kArrow:
      break;
  }
  return {};
}

// With the types declared, whose columns are checked to exist.
Table finished(std::vector<Column> columns, const std::string& path, const ReadOptions& options) {
  for (Column& column : columns) {
    column = column.with_source(path);
    if (const ColumnType* type = options.declared(column.name())) column = cast(column, *type);
  }
  Table table(std::move(columns), path);
  for (const auto& [name, type] : options.types) table.column(name);  // Error when it is missing
  return table;
}

Table finished(const ArrowFile& file, const std::string& path, const ReadOptions& options) {
  if (file.table.columns().empty()) {
    fail(path, ": has no column that Lathe holds",
         file.left_out.empty() ? "" : " (it has " + file.left_out[0] + ")");
  }
  if (file.table.rows() == 0) fail(path, ": has no rows");
  return finished(file.table.columns(), path, options);
}

}  // namespace

const ColumnType* ReadOptions::declared(std::string_view name) const {
  for (const auto& [column, type] : types) {
    if (column == name) return &type;
  }
  return nullptr;
}

Table parse_table(std::string_view text, const std::string& path, const ReadOptions& options) {
  const FileKind kind = kind_of(path);
  if (kind == FileKind::kArrow) {
    const auto bytes = SharedBytes::of(std::vector<char>(text.begin(), text.end()));
    return finished(parse_arrow(bytes, path, {.skip_others = true}), path, options);
  }
  const SourceText source(text, path);
  return finished(parse_columns(source, kind, options), path, options);
}

Table read_table(const std::string& path, const ReadOptions& options) {
  // An unknown kind is said before a file of any size is mapped.
  if (kind_of(path) == FileKind::kArrow) {
    return finished(open_dataset(path, {.skip_others = true}), path, options);
  }
  const MappedFile file(path);
  return parse_table(file.bytes(), path, options);
}

}  // namespace lathe
