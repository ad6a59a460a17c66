#include "data/stream.h"

#include <algorithm>
#include <optional>
#include <utility>

#include "base/error.h"
#include "data/block_reader.h"
#include "data/cast.h"
#include "data/column_builder.h"
#include "data/files.h"
#include "tensor/random.h"

namespace lathe {

class RowStream::Part {
 public:
  virtual ~Part() = default;
  virtual bool next(StreamRow& row) = 0;
  virtual Json state() const = 0;
  virtual void restore(const Json& state) = 0;
};

namespace {

using Part = RowStream::Part;

// "stre": sets these streams of a seed apart from its other draws.
constexpr uint64_t kStreams = uint64_t{0x73747265} << 32;

const Json& member(const Json& state, const char* key) {
  const Json* found = state.find(key);
  if (found == nullptr) fail("not the state of this stream: it has no ", quoted(key));
  return *found;
}

int64_t count_in(const Json& state, const char* key) {
  const Json& value = member(state, key);
  if (!value.is_integer() || value.as_integer() < 0) {
    fail("not the state of this stream: ", quoted(key), " is ", value.dump());
  }
  return value.as_integer();
}

class FilesPart : public Part {
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
    file_ = count_in(state, "file");
    place_ = count_in(state, "place");
    row_ = count_in(state, "row");
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

class ShufflePart : public Part {
 public:
  ShufflePart(std::unique_ptr<Part> source, int64_t size, uint64_t seed)
      : source_(std::move(source)), size_(size), seed_(seed), start_(source_->state()) {}

  bool next(StreamRow& row) override {
    if (given_ == std::ssize(buffer_)) {
      if (!buffer_.empty()) ++fills_;
      fill();
      given_ = 0;
    }
    if (buffer_.empty()) return false;
    row = std::move(buffer_[static_cast<std::size_t>(given_++)]);
    return true;
  }

  Json state() const override {
    return Json::Object{{"fills", fills_}, {"given", given_}, {"source", start_}};
  }

  void restore(const Json& state) override {
    fills_ = count_in(state, "fills");
    const int64_t given = count_in(state, "given");
    source_->restore(member(state, "source"));
    buffer_.clear();
    given_ = 0;
    start_ = source_->state();
    if (given == 0) return;
    fill();
    if (given > std::ssize(buffer_)) fail("not the state of this stream: there are fewer rows");
    given_ = given;
  }

 private:
  void fill() {
    start_ = source_->state();
    std::vector<StreamRow> rows;
    StreamRow row;
    while (std::ssize(rows) < size_ && source_->next(row)) rows.push_back(row);
    Random random(seed_, kStreams + static_cast<uint64_t>(fills_));
    buffer_.clear();
    for (const int64_t i : random_permutation(std::ssize(rows), random)) {
      buffer_.push_back(std::move(rows[static_cast<std::size_t>(i)]));
    }
  }

  std::unique_ptr<Part> source_;
  int64_t size_;
  uint64_t seed_;
  Json start_;  // the source's state before the buffer was filled
  int64_t fills_ = 0, given_ = 0;
  std::vector<StreamRow> buffer_;
};

// The rows whose number is `first` + k `step`, below `end`.
class EveryPart : public Part {
 public:
  EveryPart(std::unique_ptr<Part> source, int64_t first, int64_t step, int64_t end)
      : source_(std::move(source)), first_(first), step_(step), end_(end) {}

  bool next(StreamRow& row) override {
    while (seen_ < end_ && source_->next(row)) {
      const int64_t number = seen_++;
      if (number >= first_ && (number - first_) % step_ == 0) return true;
    }
    return false;
  }

  Json state() const override {
    return Json::Object{{"seen", seen_}, {"source", source_->state()}};
  }

  void restore(const Json& state) override {
    seen_ = count_in(state, "seen");
    source_->restore(member(state, "source"));
  }

 private:
  std::unique_ptr<Part> source_;
  int64_t first_, step_, end_;
  int64_t seen_ = 0;
};

class InterleavePart : public Part {
 public:
  InterleavePart(std::vector<RowStream> streams, Interleave options)
      : streams_(std::move(streams)), options_(std::move(options)), ended_(streams_.size()) {
    for (const RowStream& stream : streams_) starts_.push_back(stream.state());
    for (const double probability : options_.probabilities) sum_ += probability;
  }

  bool next(StreamRow& row) override {
    while (!done_) {
      const std::size_t i = drawn();
      ++draws_;
      if (streams_[i].next(row)) return true;
      ended_[i] = true;
      done_ = !options_.until_all_are_exhausted ||
              std::find(ended_.begin(), ended_.end(), false) == ended_.end();
      if (done_) return false;
      streams_[i].restore(starts_[i]);
      if (streams_[i].next(row)) return true;
    }
    return false;
  }

  Json state() const override {
    Json sources = Json::array(), ended = Json::array();
    for (const RowStream& stream : streams_) sources.push_back(stream.state());
    for (const bool end : ended_) ended.push_back(end);
    return Json::Object{{"draws", draws_}, {"done", done_}, {"ended", ended}, {"sources", sources}};
  }

  void restore(const Json& state) override {
    const Json::Array& sources = member(state, "sources").as_array();
    const Json::Array& ended = member(state, "ended").as_array();
    if (sources.size() != streams_.size() || ended.size() != streams_.size()) {
      fail("not the state of this stream: it has ", sources.size(), " sources");
    }
    draws_ = count_in(state, "draws");
    done_ = member(state, "done").as_bool();
    for (std::size_t i = 0; i < streams_.size(); ++i) {
      streams_[i].restore(sources[i]);
      ended_[i] = ended[i].as_bool();
    }
  }

 private:
  std::size_t drawn() const {
    if (options_.probabilities.empty()) {
      return static_cast<std::size_t>(draws_) % streams_.size();
    }
    // A stream of numbers for every draw, so that the draws so far need not be made again.
    double point = Random(options_.seed, kStreams + static_cast<uint64_t>(draws_)).uniform() * sum_;
    for (std::size_t i = 0; i + 1 < streams_.size(); ++i) {
      if (point < options_.probabilities[i]) return i;
      point -= options_.probabilities[i];
    }
    return streams_.size() - 1;
  }

  std::vector<RowStream> streams_;
  Interleave options_;
  std::vector<Json> starts_;
  std::vector<bool> ended_;
  double sum_ = 0;
  int64_t draws_ = 0;
  bool done_ = false;
};

void check_count(const char* what, int64_t count, int64_t least) {
  if (count < least) fail(what, " ", count, ": must be at least ", least);
}

}  // namespace

RowStream::RowStream(std::unique_ptr<Part> part) : part_(std::move(part)) {}
RowStream::RowStream(RowStream&&) noexcept = default;
RowStream& RowStream::operator=(RowStream&&) noexcept = default;
RowStream::~RowStream() = default;

RowStream RowStream::files(const std::string& path, const ReadOptions& options) {
  return RowStream(std::make_unique<FilesPart>(path, options));
}

RowStream RowStream::interleave(std::vector<RowStream> streams, const Interleave& options) {
  if (streams.empty()) fail("no streams to interleave");
  if (!options.probabilities.empty()) check_probabilities(options.probabilities, streams.size());
  return RowStream(std::make_unique<InterleavePart>(std::move(streams), options));
}

RowStream RowStream::shuffle(int64_t buffer, uint64_t seed) && {
  check_count("a buffer of", buffer, 1);
  return RowStream(std::make_unique<ShufflePart>(std::move(part_), buffer, seed));
}

RowStream RowStream::take(int64_t count) && {
  check_count("take", count, 0);
  return RowStream(std::make_unique<EveryPart>(std::move(part_), 0, 1, count));
}

RowStream RowStream::skip(int64_t count) && {
  check_count("skip", count, 0);
  return RowStream(std::make_unique<EveryPart>(std::move(part_), count, 1, INT64_MAX));
}

RowStream RowStream::shard(int64_t shards, int64_t index) && {
  check_shard(shards, index);
  return RowStream(std::make_unique<EveryPart>(std::move(part_), index, shards, INT64_MAX));
}

bool RowStream::next(StreamRow& row) { return part_->next(row); }

Table RowStream::next_rows(int64_t count) {
  std::vector<Table> runs;  // rows that follow each other in one block
  StreamRow row, first;
  int64_t size = 0;
  const auto end_run = [&] {
    if (size > 0) runs.push_back(slice(*first.block, first.row, first.row + size));
  };
  for (int64_t i = 0; i < count && next(row); ++i) {
    if (size > 0 && row.block == first.block && row.row == first.row + size) {
      ++size;
      continue;
    }
    end_run();
    first = row;
    size = 1;
  }
  end_run();
  if (runs.empty()) return {};
  const Table chained = concatenate(runs);
  std::vector<Column> columns;  // in one chunk: a row a chunk would be slow
  for (const Column& column : chained.columns()) {
    ColumnCopy copy(column);
    copy.append(column, 0, column.size());
    columns.push_back(copy.finish(column.name()).with_labels(column.labels()));
  }
  return Table(std::move(columns));
}

Json RowStream::state() const { return part_->state(); }
void RowStream::restore(const Json& state) { part_->restore(state); }

}  // namespace lathe
