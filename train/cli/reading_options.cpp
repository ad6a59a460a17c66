#include "train/cli/reading_options.h"

#include <algorithm>

#include "base/error.h"

namespace lathe {

namespace {

// "label:int64,score:float64".
std::vector<std::pair<std::string, ColumnType>> types_of(const std::string& text) {
  std::vector<std::string> known;
  for (int type = 0; type <= static_cast<int>(ColumnType::kLargeUtf8); ++type) {
    known.emplace_back(name_of(static_cast<ColumnType>(type)));
  }
  std::vector<std::pair<std::string, ColumnType>> types;
  for (const std::string& part : split_at_commas(text)) {
    const std::size_t colon = part.rfind(':');
    const std::string name = colon == std::string::npos ? "" : part.substr(colon + 1);
    const auto found = std::find(known.begin(), known.end(), name == "string" ? "utf8" : name);
    if (found == known.end()) {
      fail("--column_types ", part, ": must be COLUMN:TYPE with a type of ", quoted_list(known));
    }
    types.emplace_back(part.substr(0, colon), static_cast<ColumnType>(found - known.begin()));
  }
  return types;
}

char delimiter_of(const std::string& text) {
  if (text == "\\t" || text == "tab") return '\t';
  if (text.size() != 1 || text == "\"" || text == "\n" || text == "\r") {
    fail("--delimiter ", quoted(text), ": must be one character, or tab");
  }
  return text[0];
}

bool boolean_value(const char* option, const std::string& text) {
  if (text == "true" || text == "True") return true;
  if (text == "false" || text == "False") return false;
  fail("--", option, " ", text, ": must be true or false");
}

SampleBy sample_by_of(const std::string& text) {
  if (text == "line") return SampleBy::kLine;
  if (text == "paragraph") return SampleBy::kParagraph;
  if (text == "document") return SampleBy::kDocument;
  fail("--sample_by ", text, ": must be line, paragraph or document");
}

}  // namespace

std::vector<std::string> split_at_commas(const std::string& text) {
  std::vector<std::string> parts;
  for (std::size_t begin = 0;;) {
    const std::size_t comma = text.find(',', begin);
    parts.push_back(text.substr(begin, comma - begin));
    if (comma == std::string::npos) return parts;
    begin = comma + 1;
  }
}

void add_reading_options(Options& options, ReadingOptions& reading) {
  options.group("Reading files");
  options.add("column_types", reading.column_types,
              "Types that are not inferred: label:int64,score:float64");
  options.add("column_names", reading.column_names,
              "The columns a,b,… of .csv and .tsv files without a header");
  options.add("null_values", reading.null_values, "Fields of .csv and .tsv that are null: NA,null");
  options.add("delimiter", reading.delimiter,
              "What stands between the fields of .csv and .tsv: a character, or tab");
  options.add("quoting", reading.quoting,
              "Whether quotes enclose fields: true or false [.csv true, .tsv false]");
  options.add("field", reading.field, "The key under which a .json file has its rows");
  options.add("sample_by", reading.sample_by,
              "What a row of .txt is: line, paragraph or document [line]");
}

ReadOptions read_options(const ReadingOptions& reading) {
  ReadOptions options;
  if (reading.column_types) options.types = types_of(*reading.column_types);
  if (reading.column_names) options.column_names = split_at_commas(*reading.column_names);
  if (reading.null_values) options.null_values = split_at_commas(*reading.null_values);
  if (reading.delimiter) options.delimiter = delimiter_of(*reading.delimiter);
  if (reading.quoting) options.quotes = boolean_value("quoting", *reading.quoting);
  if (reading.field) options.field = *reading.field;
  if (reading.sample_by) options.sample_by = sample_by_of(*reading.sample_by);
  return options;
}

}  // namespace lathe
