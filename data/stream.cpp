#include "data/stream.h"

#include <utility>

#include "base/error.h"
#include "data/column_builder.h"
#include "data/operations.h"
#include "data/stream_part.h"

namespace lathe {

const Json& state_member(const Json& state, const char* key) {
  const Json* found = state.find(key);
  if (found == nullptr) fail("not the state of this stream: it has no ", quoted(key));
  return *found;
}

int64_t state_count(const Json& state, const char* key) {
  const Json& value = state_member(state, key);
  if (!value.is_integer() || value.as_integer() < 0) {
    fail("not the state of this stream: ", quoted(key), " is ", value.dump());
  }
  return value.as_integer();
}

namespace {

void check_count(const char* what, int64_t count, int64_t least) {
  if (count < least) fail(what, " ", count, ": must be at least ", least);
}

}  // namespace

RowStream::RowStream(StreamPart part) : part_(std::move(part)) {}
RowStream::RowStream(RowStream&&) noexcept = default;
RowStream& RowStream::operator=(RowStream&&) noexcept = default;
RowStream::~RowStream() = default;

RowStream RowStream::files(const std::string& path, const ReadOptions& options) {
  return RowStream(files_part(path, options));
}

RowStream RowStream::interleave(std::vector<RowStream> streams, const Interleave& options) {
  if (streams.empty()) fail("no streams to interleave");
  if (!options.probabilities.empty()) check_probabilities(options.probabilities, streams.size());
  return RowStream(interleave_part(std::move(streams), options));
}

RowStream RowStream::shuffle(int64_t buffer, uint64_t seed) && {
  check_count("a buffer of", buffer, 1);
  return RowStream(shuffle_part(std::move(part_), buffer, seed));
}

RowStream RowStream::take(int64_t count) && {
  check_count("take", count, 0);
  return RowStream(every_part(std::move(part_), 0, 1, count));
}

RowStream RowStream::skip(int64_t count) && {
  check_count("skip", count, 0);
  return RowStream(every_part(std::move(part_), count, 1, INT64_MAX));
}

RowStream RowStream::shard(int64_t shards, int64_t index) && {
  check_shard(shards, index);
  return RowStream(every_part(std::move(part_), index, shards, INT64_MAX));
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
