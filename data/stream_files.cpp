// Files as a stream, block by block. The first block settles names and types of the columns.
#include <optional>
#include <utility>

#include "base/error.h"
#include "data/block_reader.h"
#include "data/cast.h"
#include "data/column_builder.h"
#include "data/files.h"
#include "data/stream_part.h"

namespace lathe {

namespace {

class FilesPart : public RowStream::Part {
 public:
  FilesPart(const std::string& path, ReadOptions options)
      : files_(data_files(path, options.split)), options_(std::move(options)) {}

  bool next(StreamRow& row) override {
    while (block_ == nullptr || row_ >= block_->rows()) {
      if (block_ != nullptr) {
        place_ = next_place_;
        row_ -= block_->rows();
      }
      block_ = read_block();
      if (block_ == nullptr) return false;
    }
    row = {block_, row_++};
    return true;
  }

  Json state() const override {
    return Json::Object{{"file", file_}, {"place", place_}, {"row", row_}};
  }

  void restore(const Json& state) override {
    file_ = state_count(state, "file");
    place_ = state_count(state, "place");
    row_ = state_count(state, "row");
    block_ = nullptr;
    reader_ = nullptr;
  }

 private:
  // The block at file_ and place_, or the first of the files behind it; nullptr at the end.
  std::shared_ptr<const Table> read_block() {
    for (; file_ < std::ssize(files_); ++file_, place_ = 0, reader_ = nullptr) {
      if (reader_ == nullptr) reader_ = open(file_);
      next_place_ = place_;
      std::optional<Table> block = reader_->read(next_place_);
      if (!block) continue;
      if (like_.columns().empty()) settle_columns(*block);
      return std::make_shared<const Table>(fitted(*block));
    }
    return nullptr;
  }

  std::unique_ptr<BlockReader> open(int64_t file) const {
    return BlockReader::open(files_[static_cast<std::size_t>(file)], options_);
  }

  // The columns are those of the first block of all, wherever the stream goes on.
  void settle_columns(const Table& read) {
    std::optional<Table> first = read;
    if (file_ != 0 || place_ != 0) {
      int64_t place = 0;
      for (int64_t file = 0; file < std::ssize(files_); ++file) {
        if ((first = open(file)->read(place))) break;
        place = 0;
      }
    }
    std::vector<Column> columns;
    const bool infers = options_.infer_types && is_delimited(first->source());
    for (const Column& column : first->columns()) {
      const ColumnType* type = options_.declared(column.name());
      const Column typed = type != nullptr ? cast(column, *type)
                           : infers        ? infer_type(column)
                                           : column;
      columns.push_back(typed.slice(0, 0));
    }
    like_ = Table(std::move(columns));
    for (const auto& [name, type] : options_.types) like_.column(name);  // Error when it is missing
  }

  static bool is_delimited(const std::string& path) {
    const std::string extension = data_extension(path);
    return extension == ".csv" || extension == ".tsv";
  }

  // The block with the columns and the types that were settled.
  Table fitted(const Table& block) const {
    std::vector<Column> columns;
    for (const Column& like : like_.columns()) {
      const Column* column = block.find(like.name());
      if (column == nullptr && is_delimited(block.source())) block.column(like.name());  // Error
      columns.push_back(column == nullptr ? nulls(like, block.rows())
                                          : fitted(*column, like, block));
    }
    for (const Column& column : block.columns()) {
      if (like_.find(column.name()) == nullptr) {
        fail(block.source(), ": column ", quoted(column.name()),
             " is none of the first rows' (columns: ", quoted_list(like_.column_names()), ")");
      }
    }
    return Table(std::move(columns), block.source());
  }

  static Column nulls(const Column& like, int64_t rows) {
    ColumnCopy copy(like);
    copy.append_nulls(rows);
    return copy.finish(like.name()).with_labels(like.labels());
  }

  Column fitted(const Column& column, const Column& like, const Table& block) const {
    if (column.type_name() == like.type_name()) return column;
    if (column.null_count() == column.size()) return nulls(like, column.size());
    try {
      if (!is_list(like.type())) return cast(column, like.type());
      const Column* values = &like;
      while (is_list(values->type())) values = &values->elements();
      Column lists = cast_elements(column, values->type());
      if (lists.type_name() == like.type_name()) return lists;
      fail("holds ", column.type_name(), ", lists of type ", like.type_name(), " are needed");
    } catch (const Error& error) {
      fail(block.source(), ": in the block of rows at byte ", place_, ": ", error.what(),
           " (the first rows settle a column's type, where it is not declared)");
    }
  }

  std::vector<std::string> files_;
  ReadOptions options_;
  int64_t file_ = 0, place_ = 0, row_ = 0;  // the next row: of the block at that place of the file
  int64_t next_place_ = 0;                  // of the block behind it
  std::unique_ptr<BlockReader> reader_;
  std::shared_ptr<const Table> block_;
  Table like_;  // without rows
};

}  // namespace

StreamPart files_part(const std::string& path, const ReadOptions& options) {
  return std::make_unique<FilesPart>(path, options);
}

}  // namespace lathe
