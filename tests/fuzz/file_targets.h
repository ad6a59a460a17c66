// What is fuzzed of data/ beside the parsers of data_targets.h: what stands around a text or an
// Arrow file. Compressed files, files that are read a block at a time, and the JSON of a dataset's
// directory.
#pragma once

#include <cstdint>
#include <fstream>
#include <optional>
#include <string>
#include <string_view>

#include "base/file.h"
#include "data/block_reader.h"
#include "data/dataset_directory.h"
#include "data/decompress.h"
#include "tests/fuzz/data_targets.h"
#include "tests/temporary_directory.h"

namespace lathe::fuzz {

// Without the care that write_file() takes: thousands of them are written.
inline void put(const std::string& path, std::string_view bytes) {
  std::ofstream(path, std::ios::binary) << bytes;
}

inline void compressed_target(std::string_view input) {
  for (const Compression compression : {Compression::kGzip, Compression::kZstd}) {
    try {
      decompress_file(input, compression, "fuzz.csv.gz");
    } catch (const Error&) {
    }
  }
}

// Puts each row behind `rows`, as a line of text.
inline void append_rows(const Table& table, std::string& rows) {
  for (int64_t row = 0; row < table.rows(); ++row) {
    for (const Column& column : table.columns()) rows += json_of(column, row) + ",";
    rows += '\n';
  }
}

// All rows of a file as a stream reads them.
inline std::string rows_in_blocks(const std::string& path, const ReadOptions& options) {
  std::string rows;
  const auto reader = BlockReader::open(path, options);
  int64_t place = 0;
  while (const std::optional<Table> block = reader->read(place)) append_rows(*block, rows);
  return rows;
}

// Where a table can be read whole, it can be read in blocks, and gives the same texts.
inline void blocks_target(std::string_view input) {
  static const testing::TemporaryDirectory directory;
  for (const char* name : {"fuzz.csv", "fuzz.tsv", "fuzz.txt"}) {
    const std::string path = directory.file(name);
    put(path, input);
    ReadOptions options;
    options.infer_types = false;
    std::string expected;
    try {
      append_rows(read_table(path, options), expected);
    } catch (const Error&) {
      continue;  // the rows before the mistake may be read in blocks
    }
    for (const int64_t bytes : {1, 7, 1 << 20}) {
      options.piece_bytes = bytes;
      require(rows_in_blocks(path, options) == expected, "blocks cannot be seen");
    }
  }
}

// The JSON files of a directory that save_dataset() made: the first byte says which is replaced.
inline void directory_target(std::string_view input) {
  static const testing::TemporaryDirectory directory;
  static const Table table = parse_table("text,label\na,no\nb,yes\n", "t.csv");
  if (input.empty()) return;
  const std::string path = directory.file("dataset");
  const bool info = input[0] % 2 != 0;
  if (!file_exists(path + "/state.json")) save_dataset(path, table);
  const std::string replaced = path + (info ? "/dataset_info.json" : "/state.json");
  const std::string before = read_file(replaced);
  put(replaced, input.substr(1));
  try {
    check_table(open_dataset(path).table);
  } catch (const Error&) {
  }
  put(replaced, before);
}

}  // namespace lathe::fuzz
