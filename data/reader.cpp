#include "data/reader.h"

#include <omp.h>

#include <string_view>
#include <vector>

#include "base/error.h"
#include "base/file.h"
#include "data/arrow_reader.h"
#include "data/cast.h"
#include "data/dataset_directory.h"
#include "data/decompress.h"
#include "data/delimited_reader.h"
#include "data/files.h"
#include "data/join_files.h"
#include "data/json_reader.h"
#include "data/parallel.h"
#include "data/source_text.h"
#include "data/text_reader.h"

namespace lathe {

namespace {

enum class FileKind { kCsv, kTsv, kJson, kJsonLines, kText, kArrow };

FileKind kind_of(const std::string& path) {
  if (is_arrow_path(path)) return FileKind::kArrow;
  const std::string extension = data_extension(path);
  if (extension == ".csv") return FileKind::kCsv;
  if (extension == ".tsv") return FileKind::kTsv;
  if (extension == ".json") return FileKind::kJson;
  if (extension == ".jsonl" || extension == ".ndjson") return FileKind::kJsonLines;
  if (extension == ".txt") return FileKind::kText;
  fail(path, ": ", extension.empty() ? "no extension" : "unknown extension " + quoted(extension),
       " (known: ", kKnownExtensions, ")");
}

std::vector<Column> parse_delimited(const SourceText& source, FileKind kind,
                                    const ReadOptions& options) {
  const bool tsv = kind == FileKind::kTsv;
  return read_delimited(source,
                        {.delimiter = options.delimiter.value_or(tsv ? '\t' : ','),
                         .quotes = options.quotes.value_or(!tsv),
                         .column_names = options.column_names,
                         .null_values = options.null_values,
                         .piece_bytes = options.piece_bytes},
                        [&](std::string_view name) {
                          return options.infer_types && options.declared(name) == nullptr;
                        });
}

std::vector<Column> parse_text(const SourceText& source, const ReadOptions& options) {
  switch (options.sample_by) {
    case SampleBy::kLine:
      break;
    case SampleBy::kParagraph:
      return {read_paragraphs(source)};
    case SampleBy::kDocument:
      return {read_document(source)};
  }
  return {read_lines(source, options.piece_bytes)};
}

std::vector<Column> parse_columns(const SourceText& source, FileKind kind,
                                  const ReadOptions& options) {
  switch (kind) {
    case FileKind::kCsv:
    case FileKind::kTsv:
      return parse_delimited(source, kind, options);
    case FileKind::kJson:
      if (!options.field.empty()) return read_json_field(source, options.field);
      if (holds_json_array(source)) return read_json_array(source);
      [[fallthrough]];
    case FileKind::kJsonLines:
      return read_json_lines(source, options.piece_bytes);
    case FileKind::kText:
      return parse_text(source, options);
    case FileKind::kArrow:
      break;
  }
  return {};
}

// An option that nothing of this kind understands is a mistake.
void check_options(FileKind kind, const std::string& path, const ReadOptions& options) {
  const auto refuse = [&](const char* option, const char* what) {
    fail(path, ": the option ", option, " is for ", what);
  };
  if (kind != FileKind::kCsv && kind != FileKind::kTsv) {
    if (options.delimiter) refuse("delimiter", ".csv and .tsv");
    if (options.quotes) refuse("quotes", ".csv and .tsv");
    if (!options.column_names.empty()) refuse("column_names", ".csv and .tsv");
    if (!options.null_values.empty()) refuse("null_values", ".csv and .tsv");
  }
  if (kind != FileKind::kJson && !options.field.empty()) refuse("field", ".json");
  if (kind != FileKind::kText && options.sample_by != SampleBy::kLine) refuse("sample_by", ".txt");
}

// With the types declared.
Table finished(std::vector<Column> columns, const std::string& path, const ReadOptions& options) {
  for (Column& column : columns) {
    column = column.with_source(path);
    if (const ColumnType* type = options.declared(column.name())) column = cast(column, *type);
  }
  return Table(std::move(columns), path);
}

Table finished(const ArrowFile& file, const std::string& path, const ReadOptions& options) {
  if (file.table.columns().empty()) {
    fail(path, ": has no column that Lathe holds",
         file.left_out.empty() ? "" : " (it has " + file.left_out[0] + ")");
  }
  if (file.table.rows() == 0) fail(path, ": has no rows");
  return finished(file.table.columns(), path, options);
}

Table parse(std::string_view text, const std::string& path, const ReadOptions& options) {
  const FileKind kind = kind_of(path);
  check_options(kind, path, options);
  if (kind == FileKind::kArrow) {
    const auto bytes = SharedBytes::of(std::vector<char>(text.begin(), text.end()));
    return finished(parse_arrow(bytes, path, {.skip_others = true}), path, options);
  }
  const SourceText source(text, path);
  return finished(parse_columns(source, kind, options), path, options);
}

Table read_file(const std::string& path, const ReadOptions& options) {
  // An unknown kind is said before a file of any size is mapped.
  const FileKind kind = kind_of(path);
  check_options(kind, path, options);
  if (kind == FileKind::kArrow) {
    return finished(open_dataset(path, {.skip_others = true}), path, options);
  }
  const MappedFile file(path);
  const Compression compression = compression_of(path);
  if (compression == Compression::kNone) return parse(file.bytes(), path, options);
  const std::vector<char> text = decompress_file(file.bytes(), compression, path);
  return parse({text.data(), text.size()}, path, options);
}

FileTable read_one_of_several(const std::string& path, const ReadOptions& options) {
  const FileKind kind = kind_of(path);
  FileTable file{read_file(path, options)};
  file.may_lack_columns = kind == FileKind::kJson || kind == FileKind::kJsonLines;
  if ((kind == FileKind::kCsv || kind == FileKind::kTsv) && options.infer_types) {
    file.read_again = [path, options](const FileTable::Types& types) {
      ReadOptions again = options;
      again.types.insert(again.types.end(), types.begin(), types.end());
      return read_file(path, again);
    };
  }
  return file;
}

Table checked(Table table, const ReadOptions& options) {
  for (const auto& [name, type] : options.types) table.column(name);  // Error when it is missing
  return table;
}

}  // namespace

const ColumnType* ReadOptions::declared(std::string_view name) const {
  for (const auto& [column, type] : types) {
    if (column == name) return &type;
  }
  return nullptr;
}

Table parse_table(std::string_view text, const std::string& path, const ReadOptions& options) {
  return checked(parse(text, path, options), options);
}

Table read_table(const std::string& path, const ReadOptions& options) {
  const std::vector<std::string> paths = data_files(path, options.split);
  std::vector<FileTable> files(paths.size());
  const auto read = [&](int64_t i) {
    const auto index = static_cast<std::size_t>(i);
    files[index] = read_one_of_several(paths[index], options);
  };
  // Either files or the pieces of one are parsed side by side.
  if (std::ssize(paths) >= 2 * omp_get_max_threads()) {
    in_parallel(std::ssize(paths), read);
  } else {
    for (int64_t i = 0; i < std::ssize(paths); ++i) read(i);
  }
  return checked(join_files(std::move(files)), options);
}

}  // namespace lathe
