// lathe dataset: files of data converted, shown and measured.

#include "train/cli/dataset.h"

#include <cstdio>
#include <filesystem>

#include "base/error.h"
#include "data/dataset_directory.h"
#include "data/export.h"
#include "data/files.h"
#include "data/labels.h"
#include "data/operations.h"
#include "data/reader.h"
#include "data/stream.h"
#include "train/cli/options.h"
#include "train/cli/reading_options.h"

namespace lathe {

namespace {

struct Subcommand {
  const char* name;
  void (*run)(const Arguments&);
  const char* summary;
};

constexpr Subcommand kSubcommands[] = {
    {"convert", dataset_convert_command, "INPUT OUTPUT: one kind of file into another"},
    {"info", dataset_info_command, "INPUT: its columns, types, labels, rows and record batches"},
    {"head", dataset_head_command, "INPUT: its first rows"},
    {"stats", dataset_stats_command, "INPUT: how balanced its labels are, how long its texts"},
    {"cache", dataset_cache_command, "what earlier runs kept: listed, limited, removed"},
};

constexpr const char* kInputs =
    "a file (.csv, .tsv, .json, .jsonl, .txt, these with .gz or .zst, .arrow, .feather), a pattern "
    "('part-*.csv'), a directory of files or of save_to_disk";

void print_help() {
  std::printf(
      "Converts, shows and measures files of data.\n\nUsage: lathe dataset COMMAND ...\n\n");
  for (const Subcommand& command : kSubcommands) {
    std::printf("  %-8s %s\n", command.name, command.summary);
  }
  std::printf("\nINPUT: %s.\n`lathe dataset COMMAND --help` lists a command's options.\n", kInputs);
}

std::string extension_of(const std::string& path) {
  return std::filesystem::path(path).extension().string();
}

struct Conversion {
  std::string columns, class_encode;
  int64_t rows_per_batch = ArrowWriteOptions().rows_per_batch;
  bool verify_checksums = false;
  ReadingOptions reading;
};

// Whether `path` itself is Arrow, and not a pattern or a directory of files.
bool is_one_arrow(const std::string& path) {
  std::error_code error;
  return is_arrow_path(path) && std::filesystem::exists(path, error) &&
         (!std::filesystem::is_directory(path, error) || is_dataset_directory(path));
}

// With columns chosen, those of types that Lathe does not hold may be among the others.
Table open_for(const std::string& path, const std::string& split, const Conversion& conversion) {
  Table table;
  if (is_one_arrow(path)) {
    table = open_dataset(path, {.verify_checksums = conversion.verify_checksums,
                                .skip_others = !conversion.columns.empty()})
                .table;
  } else {
    if (conversion.verify_checksums) fail(path, ": only Arrow files have checksums");
    ReadOptions options = read_options(conversion.reading);
    options.split = split;
    table = read_table(path, options);
  }
  if (!conversion.columns.empty()) {
    table = select_columns(table, split_at_commas(conversion.columns));
  }
  if (!conversion.class_encode.empty()) {
    table = class_encode_column(table, conversion.class_encode);
  }
  return table;
}

void write_any(const std::string& path, const Table& table, const Conversion& conversion) {
  ArrowWriteOptions options;
  options.rows_per_batch = conversion.rows_per_batch;
  const std::string extension = extension_of(path);
  if (extension == ".csv") {
    write_csv(path, table);
  } else if (extension == ".jsonl" || extension == ".json") {
    write_json_lines(path, table);
  } else if (extension == ".arrow" || extension == ".feather" || extension == ".ipc") {
    write_arrow(path, table, options);
  } else if (extension == ".arrows") {
    options.format = ArrowFormat::kStream;
    write_arrow(path, table, options);
  } else if (extension.empty()) {
    save_dataset(path, table, options);
  } else {
    fail(path, ": unknown extension ", quoted(extension),
         " (known: .csv, .jsonl, .arrow, .feather, .arrows; none: a directory as save_to_disk "
         "makes it)");
  }
}

// Whether `path` is a directory of splits, which become another.
bool convert_splits(const std::string& path, const std::string& output,
                    const Conversion& conversion) {
  if (!extension_of(output).empty()) return false;  // opening it names the splits
  const Splits found = splits_in(path);
  if (found.empty()) return false;
  std::vector<std::pair<std::string, Table>> splits;
  for (const auto& [split, files] : found) {
    const bool arrow = files.size() == 1 && is_one_arrow(files.front());
    splits.emplace_back(
        split, arrow ? open_for(files.front(), "", conversion) : open_for(path, split, conversion));
  }
  save_dataset_dict(output, splits, {.rows_per_batch = conversion.rows_per_batch});
  for (const auto& [split, table] : splits) {
    std::printf("%s: %lld rows\n", split.c_str(), static_cast<long long>(table.rows()));
  }
  return true;
}

// A value as one line of a terminal shows it.
std::string shown(const Column& column, int64_t row) {
  constexpr std::size_t kMostBytes = 100;
  std::string text = json_of(column, row);
  if (text.size() > kMostBytes) {
    std::size_t end = kMostBytes;
    while (end > 0 && (text[end] & 0xC0) == 0x80) --end;
    text = text.substr(0, end) + "…";
  }
  if (column.labels() != nullptr && !column.is_null(row) && column.integer(row) >= 0 &&
      column.integer(row) < column.labels()->size()) {
    text += " (" + column.labels()->name(static_cast<int32_t>(column.integer(row))) + ")";
  }
  return text;
}

void print_columns(const Table& table) {
  for (const Column& column : table.columns()) {
    std::printf("  %-24s %-16s", column.name().c_str(), column.type_name().c_str());
    if (column.null_count() > 0) {
      std::printf(" %lld nulls", static_cast<long long>(column.null_count()));
    }
    if (column.labels() != nullptr) {
      std::printf(" labels %s", quoted_list(column.labels()->names()).c_str());
    }
    std::printf("\n");
  }
}

}  // namespace

Table open_any(const std::string& path, const ReadOptions& options) {
  return is_one_arrow(path) ? open_dataset(path, {.skip_others = true}).table
                            : read_table(path, options);
}

void dataset_convert_command(const Arguments& arguments) {
  std::string input, output;
  Conversion conversion;
  Options options("dataset convert", "Turns one kind of file into another.");
  options.positional("INPUT", input, kInputs);
  options.positional("OUTPUT", output,
                     ".csv, .jsonl, .arrow or .feather (Arrow file), .arrows (Arrow stream); "
                     "without extension: a directory as Datasets' save_to_disk makes it");
  options.add("columns", conversion.columns, "Only these columns, a,b,…, in this order [all]");
  options.add("class_encode_column", conversion.class_encode,
              "Number the values of this column and keep their names, as Datasets' ClassLabel");
  options.add("rows_per_batch", conversion.rows_per_batch, "Most rows of an Arrow record batch");
  options.flag("verify_checksums", conversion.verify_checksums,
               "Refuse an Arrow input whose checksums are missing or wrong");
  add_reading_options(options, conversion.reading);
  if (!options.parse(arguments)) return;
  if (conversion.rows_per_batch < 1) {
    fail("--rows_per_batch ", conversion.rows_per_batch, ": must be at least 1");
  }
  if (convert_splits(input, output, conversion)) return;
  const Table table = open_for(input, "", conversion);
  write_any(output, table, conversion);
  std::printf("%lld rows in %s\n", static_cast<long long>(table.rows()), output.c_str());
}

void dataset_info_command(const Arguments& arguments) {
  std::string input;
  bool verify = false;
  Options options("dataset info", "Shows the columns of a file, their types and labels.");
  options.positional("INPUT", input, kInputs);
  options.flag("verify_checksums", verify, "Verify the checksums of an Arrow file of Lathe's");
  ReadingOptions reading;
  add_reading_options(options, reading);
  if (!options.parse(arguments)) return;
  ReadOptions read = read_options(reading);
  if (is_dataset_dict_directory(input)) {
    for (const std::string& split : split_names(input)) {
      const Table table = open_dataset((std::filesystem::path(input) / split).string(),
                                       {.verify_checksums = verify, .skip_others = true})
                              .table;
      std::printf("%s: %lld rows\n", split.c_str(), static_cast<long long>(table.rows()));
      print_columns(table);
    }
    return;
  }
  if (!is_one_arrow(input)) {
    if (verify) fail(input, ": only Arrow files have checksums");
    const Splits splits = splits_in(input);
    if (splits.empty()) {
      const Table table = read_table(input, read);
      std::printf("%lld rows\n", static_cast<long long>(table.rows()));
      return print_columns(table);
    }
    for (const auto& [split, files] : splits) {
      read.split = split;
      const Table table = read_table(input, read);
      std::printf("%s: %lld rows in %zu files\n", split.c_str(),
                  static_cast<long long>(table.rows()), files.size());
      print_columns(table);
    }
    return;
  }
  const ArrowFile file = open_dataset(input, {.verify_checksums = verify, .skip_others = true});
  std::printf("%lld rows in %lld record batches, Arrow %s%s\n",
              static_cast<long long>(file.table.rows()),
              static_cast<long long>(file.record_batches), file.is_stream ? "stream" : "file",
              verify ? ", checksums verified" : "");
  print_columns(file.table);
  for (const std::string& column : file.left_out) {
    std::printf("  %s: a type that Lathe does not hold\n", column.c_str());
  }
}

void dataset_head_command(const Arguments& arguments) {
  std::string input;
  int64_t rows = 5, skip = 0, buffer = 0;
  uint64_t seed = 42;
  Options options("dataset head", "Shows the first rows of a file.");
  options.positional("INPUT", input, kInputs);
  options.add("rows", rows, "How many");
  options.add("skip", skip, "Behind so many");
  options.add("shuffle_buffer", buffer, "In random order, of so many rows at a time");
  options.add("seed", seed, "Of that order");
  ReadingOptions reading;
  add_reading_options(options, reading);
  if (!options.parse(arguments)) return;
  if (rows < 0) fail("--rows ", rows, ": must be 0 or more");
  // As a stream: of a file of any size only what is shown is read.
  RowStream stream = RowStream::files(input, read_options(reading));
  if (buffer != 0) stream = std::move(stream).shuffle(buffer, seed);
  const Table table = std::move(stream).skip(skip).next_rows(rows);
  std::size_t width = 0;
  for (const Column& column : table.columns()) width = std::max(width, column.name().size());
  for (int64_t row = 0; row < table.rows(); ++row) {
    std::printf("row %lld\n", static_cast<long long>(skip) + row + 1);
    for (const Column& column : table.columns()) {
      std::printf("  %-*s  %s\n", static_cast<int>(width), column.name().c_str(),
                  shown(column, row).c_str());
    }
  }
}

void dataset_command(const Arguments& arguments) {
  if (arguments.empty() || arguments[0] == "--help" || arguments[0] == "-h") return print_help();
  std::vector<std::string> names;
  for (const Subcommand& command : kSubcommands) {
    if (arguments[0] == command.name) {
      return command.run({arguments.begin() + 1, arguments.end()});
    }
    names.emplace_back(command.name);
  }
  const std::string near = nearest_name(arguments[0], names);
  fail("dataset ", arguments[0], ": no such command",
       near.empty() ? "; see lathe dataset --help" : "; did you mean " + near + "?");
}

}  // namespace lathe
