#include "data/block_reader.h"

#include <utility>
#include <vector>

#include "base/file.h"
#include "data/dataset_directory.h"
#include "data/decompress.h"
#include "data/delimited_reader.h"
#include "data/files.h"
#include "data/json_reader.h"
#include "data/row_reader.h"
#include "data/source_text.h"

namespace lathe {

namespace {

class WholeFile : public BlockReader {
 public:
  WholeFile(std::string path, ReadOptions options)
      : path_(std::move(path)), options_(std::move(options)) {}

  std::optional<Table> read(int64_t& place) override {
    if (place != 0) return std::nullopt;
    place = 1;
    return read_table(path_, options_);
  }

 private:
  std::string path_;
  ReadOptions options_;
};

// A file whose text is parsed a block after another, places being bytes.
class MappedText : public BlockReader {
 protected:
  MappedText(const std::string& path, const ReadOptions& options)
      : file_(path),
        options_(options),
        source_(SourceText::unchecked(file_.bytes(), path)),
        size_(static_cast<int64_t>(source_.text().size())) {}

  // Where the text is at a place, and where it goes on behind a block that begins there.
  const char* at(int64_t place) const { return source_.text().data() + place; }
  int64_t block_end(int64_t place) const {
    return options_.piece_bytes < size_ - place ? place + options_.piece_bytes : size_;
  }

  MappedFile file_;
  ReadOptions options_;
  SourceText source_;
  int64_t size_;
};

class LineBlocks : public MappedText {
 public:
  LineBlocks(const std::string& path, const ReadOptions& options, bool json)
      : MappedText(path, options), json_(json) {}

  std::optional<Table> read(int64_t& place) override {
    while (place < size_) {
      const auto begin = static_cast<std::size_t>(place);
      const std::size_t newline =
          source_.text().find('\n', static_cast<std::size_t>(block_end(place)) - 1);
      place = newline == std::string_view::npos ? size_ : static_cast<int64_t>(newline) + 1;
      const std::string_view block =
          source_.text().substr(begin, static_cast<std::size_t>(place) - begin);
      if (json_ && block.find_first_not_of(" \t\r\n") == std::string_view::npos) continue;
      const SourceText part = source_.part(block);
      if (json_) return Table(read_json_lines(part, options_.piece_bytes), source_.path());
      return Table({read_lines(part, options_.piece_bytes)}, source_.path());
    }
    return std::nullopt;
  }

 private:
  bool json_;
};

class DelimitedBlocks : public MappedText {
 public:
  DelimitedBlocks(const std::string& path, const ReadOptions& options, bool tsv)
      : MappedText(path, options),
        format_{.delimiter = options.delimiter.value_or(tsv ? '\t' : ','),
                .quotes = options.quotes.value_or(!tsv),
                .column_names = options.column_names,
                .null_values = options.null_values,
                .piece_bytes = options.piece_bytes},
        names_(options.column_names) {
    if (!names_.empty()) return;
    RowReader header(source_, format_, at(0));
    names_ = header.read_header();
    first_ = header.place() - at(0);
    source_.part({at(0), static_cast<std::size_t>(first_)});  // Error where it is not UTF-8
  }

  std::optional<Table> read(int64_t& place) override {
    int64_t begin = std::max(place, first_);
    while (begin < size_) {
      RowReader rows(source_, format_, at(begin));
      rows.read_rows(names_, at(block_end(begin)));
      place = rows.place() - at(0);
      source_.part({at(begin), static_cast<std::size_t>(place - begin)});
      begin = place;
      std::vector<Column> columns = rows.finish(names_);
      if (columns.front().size() == 0) continue;  // blank lines
      for (Column& column : columns) column = with_nulls(column, format_.null_values);
      return Table(std::move(columns), source_.path());
    }
    return std::nullopt;
  }

 private:
  DelimitedFormat format_;
  std::vector<std::string> names_;
  int64_t first_ = 0;  // where the rows begin
};

}  // namespace

std::unique_ptr<BlockReader> BlockReader::open(const std::string& path,
                                               const ReadOptions& options) {
  const std::string extension = data_extension(path);
  const bool plain = !is_arrow_path(path) && compression_of(path) == Compression::kNone;
  if (plain && (extension == ".csv" || extension == ".tsv")) {
    return std::make_unique<DelimitedBlocks>(path, options, extension == ".tsv");
  }
  const bool json = extension == ".jsonl" || extension == ".ndjson";
  if (plain && (json || (extension == ".txt" && options.sample_by == SampleBy::kLine))) {
    return std::make_unique<LineBlocks>(path, options, json);
  }
  return std::make_unique<WholeFile>(path, options);
}

}  // namespace lathe
