// What is fuzzed of data/: each function feeds one input to a parser, lets it refuse it with an
// Error, and checks what must hold when it does not. Run by libFuzzer (fuzz_*.cpp, `make fuzz`) and
// over a fixed set of inputs in data_test.
#pragma once

#include <cstdio>
#include <cstdlib>
#include <string>
#include <string_view>

#include "base/error.h"
#include "base/json.h"
#include "data/arrow_reader.h"
#include "data/cast.h"
#include "data/column_builder.h"
#include "data/export.h"
#include "data/reader.h"

namespace lathe::fuzz {

inline void require(bool holds, const char* what) {
  if (holds) return;
  std::fprintf(stderr, "does not hold: %s\n", what);
  std::abort();
}

// Reads every value, so that a wrong offset meets the sanitizer.
inline std::size_t bytes_in(const Column& column) {
  std::size_t bytes = 0;
  for (int64_t row = 0; row < column.size(); ++row) {
    if (is_text(column.type())) {
      for (const char c : column.text(row)) bytes += c != 0 ? 1 : 2;
    } else if (is_list(column.type())) {
      bytes += static_cast<std::size_t>(column.list(row).size());
    } else if (!column.is_null(row)) {
      bytes += column.number(row) < 0 ? 1 : 2;
    }
  }
  if (is_list(column.type())) bytes += bytes_in(column.elements());
  return bytes;
}

inline void check_table(const Table& table) {
  require(table.rows() > 0 && !table.columns().empty(),
          "a table that was read has rows and columns");
  for (const Column& column : table.columns()) {
    require(column.size() == table.rows(), "columns are equally long");
    bytes_in(column);
  }
}

// Integers and booleans that were inferred are written back as they were read.
inline void check_inference(const Table& typed, const Table& texts) {
  require(typed.column_names() == texts.column_names(), "inference keeps the columns");
  for (std::size_t i = 0; i < typed.columns().size(); ++i) {
    const Column& column = typed.columns()[i];
    if (column.type() != ColumnType::kInt64 && column.type() != ColumnType::kBool) continue;
    const Column written = cast(column, ColumnType::kUtf8);
    for (int64_t row = 0; row < column.size(); ++row) {
      require(written.text(row) == texts.columns()[i].text(row), "inference loses nothing");
    }
  }
}

// The same table as RFC 4180 text, every field in quotes.
inline std::string as_csv(const Table& texts) {
  const auto field = [](std::string_view value) {
    std::string out = "\"";
    for (const char c : value) out += c == '"' ? "\"\"" : std::string(1, c);
    return out + "\"";
  };
  std::string out;
  for (std::size_t i = 0; i < texts.columns().size(); ++i) {
    out += (i == 0 ? "" : ",") + field(texts.columns()[i].name());
  }
  for (int64_t row = 0; row < texts.rows(); ++row) {
    out += '\n';
    for (std::size_t i = 0; i < texts.columns().size(); ++i) {
      out += (i == 0 ? "" : ",") + field(texts.columns()[i].text(row));
    }
  }
  return out;
}

inline void check_same(const Table& a, const Table& b) {
  require(a.column_names() == b.column_names() && a.rows() == b.rows(),
          "what is written is read back");
  for (std::size_t i = 0; i < a.columns().size(); ++i) {
    for (int64_t row = 0; row < a.rows(); ++row) {
      require(a.columns()[i].text(row) == b.columns()[i].text(row), "what is written is read back");
    }
  }
}

// What became of an input: its columns and values, or what was said of it.
inline std::string outcome(std::string_view input, const std::string& path,
                           const ReadOptions& options) {
  std::string out;
  try {
    const Table table = parse_table(input, path, options);
    for (const Column& column : table.columns()) {
      out += column.name() + ": " + column.type_name();
      for (int64_t row = 0; row < column.size(); ++row) out += " " + json_of(column, row);
      out += '\n';
    }
  } catch (const Error& error) {
    out = error.what();
  }
  return out;
}

// Where a text is cut into pieces that are parsed on their own cannot be seen.
inline void check_pieces(std::string_view input, const std::string& path) {
  const auto size = static_cast<int64_t>(1 + input.size() % 16);
  require(outcome(input, path, {.piece_bytes = size}) == outcome(input, path, {}),
          "pieces cannot be seen");
}

inline void delimited_target(std::string_view input, const std::string& path) {
  check_pieces(input, path);
  ReadOptions as_text;
  as_text.infer_types = false;
  try {
    const Table texts = parse_table(input, path, as_text);
    check_table(texts);
    check_same(texts, parse_table(as_csv(texts), "back.csv", as_text));
    const Table typed = parse_table(input, path);
    check_table(typed);
    check_inference(typed, texts);
  } catch (const Error&) {
  }
}

inline void csv_target(std::string_view input) {
  delimited_target(input, "fuzz.csv");
  delimited_target(input, "fuzz.tsv");
}

inline void json_target(std::string_view input) {
  try {
    const Json value = parse_json(input, "fuzz.json");
    require(parse_json(value.dump(), "back.json") == value, "what is written is read back");
  } catch (const Error&) {
  }
  for (const char* path : {"fuzz.json", "fuzz.jsonl", "fuzz.txt"}) {
    check_pieces(input, path);
    try {
      check_table(parse_table(input, path));
    } catch (const Error&) {
    }
  }
}

inline void arrow_target(std::string_view input) {
  const auto bytes = SharedBytes::of(std::vector<char>(input.begin(), input.end()));
  for (const bool verify : {false, true}) {
    try {
      const Table table = parse_arrow(bytes, "fuzz.arrow", {verify, /*skip_others=*/true}).table;
      for (const Column& column : table.columns()) {
        require(column.size() == table.rows(), "columns are equally long");
        bytes_in(column);
        const int64_t middle = column.size() / 2;
        bytes_in(gather(column.slice(middle, column.size()), {}));
        ColumnCopy copy(column);
        copy.append(column, middle, column.size());
        require(copy.finish("").null_count() == column.slice(middle, column.size()).null_count(),
                "a slice and a copy have the same nulls");
      }
    } catch (const Error&) {
    }
  }
}

}  // namespace lathe::fuzz
