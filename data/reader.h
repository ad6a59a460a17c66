// Reading tables from files: one, those that a pattern names, or a directory of them
// (data/files.h). The extension says what a file is:
//
//   .csv          RFC 4180: a header; commas between fields; a field that holds commas, quotes or
//                 newlines stands in quotes, a quote in it is doubled
//   .tsv          GLUE's rule: a header, tabs between fields, and nothing is a quote
//   .json .jsonl .ndjson
//                 an array of objects, or an object a line: keys are column names, and a column is
//                 null where its key is missing
//   .txt          an example a line, column "text"
//   .arrow        Arrow IPC (data/FORMAT.md; also .feather, .ipc, .arrows), mapped and not copied;
//                 or the directory that Datasets' save_to_disk made. Columns of types that a Column
//                 cannot hold are left out
//
// The others may be compressed, which .gz or .zst behind the extension says. They are UTF-8, with
// or without a byte order mark, with \n or \r\n. Lines with nothing on them are skipped, except in
// .txt where they are examples. A CSV or TSV column with an empty name is called "Unnamed: 0" by
// its place, as pandas does.
//
// Types of CSV and TSV columns are inferred from all of their fields: integers → int64; numbers →
// float64; true, false → bool; anything else → utf8. An empty field is null in the first three and
// "" in text. What would not be written back as it was read stays text: 08123, +1, integers beyond
// 64 bits. So does NA. JSON values keep their types: booleans, integers, numbers (integers among
// numbers become float64), strings, lists.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "data/table.h"
#include "data/text_reader.h"

namespace lathe {

struct ReadOptions {
  bool infer_types = true;  // false: every CSV and TSV column not named in `types` stays text
  // Columns whose type is known. Error naming the row where a value is not of that type, and for a
  // missing column.
  std::vector<std::pair<std::string, ColumnType>> types = {};
  std::string split = {};  // which one of a directory is meant; empty: there is only one

  // Of CSV and TSV, where they differ from what the extension says.
  std::optional<char> delimiter = {};
  std::optional<bool> quotes = {};
  std::vector<std::string> column_names = {};  // the file has no header, and these columns
  std::vector<std::string> null_values = {};   // fields that are null: "NA"

  std::string field = {};                // of .json: the key under which the rows stand
  SampleBy sample_by = SampleBy::kLine;  // of .txt: what a row is
  // Text is parsed in pieces of about so many bytes, on all threads. Nothing but speed depends on
  // it.
  int64_t piece_bytes = int64_t{1} << 20;

  const ColumnType* declared(std::string_view name) const;  // nullptr: not declared
};

// The rows of several files follow each other in the order of the files' names; a column has the
// type of all of their values together, as if they were one file. A key that a file of JSON lacks
// is null in its rows; other files must have the same columns.
//
// Error naming file and line for anything malformed, for a file without rows, and for an unknown
// extension.
Table read_table(const std::string& path, const ReadOptions& options = {});

// The same for text that is already in memory; `path` says what it is and appears in messages.
Table parse_table(std::string_view text, const std::string& path, const ReadOptions& options = {});

}  // namespace lathe
