// Rows that are read when they are asked for and never stored: for files that are larger than one
// likes to convert, or that are looked at once.
//
// A stream is made of parts that read, shuffle, cut and mix, each of which can say where it stands.
// state() names the next row exactly; a stream built the same way over the same files and restored
// to it goes on with that row.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "base/json.h"
#include "data/operations.h"
#include "data/reader.h"
#include "data/table.h"

namespace lathe {

// A row, and what keeps it: valid as long as this is.
struct StreamRow {
  std::shared_ptr<const Table> block;
  int64_t row = 0;
};

class RowStream {
 public:
  // The rows of the files that `path` means (data/files.h), one after another, read as
  // data/block_reader.h says. What is read first settles the columns and, where they are not
  // declared, their types. Error for a later value that does not fit them.
  static RowStream files(const std::string& path, const ReadOptions& options = {});
  // A row of each in turn, or drawn as the options say, until the first has none left, or, where
  // they say so, until all had none: then shorter ones begin again.
  static RowStream interleave(std::vector<RowStream> streams, const Interleave& options = {});

  // These take the stream that they are made from: stream = std::move(stream).take(5).
  //
  // Rows of `buffer` at a time in random order. (Datasets draws from a buffer that is refilled row
  // by row; where such a buffer stands cannot be said without its content.)
  RowStream shuffle(int64_t buffer, uint64_t seed) &&;
  RowStream take(int64_t count) &&;
  RowStream skip(int64_t count) &&;
  RowStream shard(int64_t shards, int64_t index) &&;  // every shards-th row, from `index` on

  bool next(StreamRow& row);       // false at the end
  Table next_rows(int64_t count);  // copies of as many as there are, up to `count`
  Json state() const;
  void restore(const Json& state);  // Error when it is not the state of such a stream

  class Part;
  explicit RowStream(std::unique_ptr<Part> part);
  RowStream(RowStream&&) noexcept;
  RowStream& operator=(RowStream&&) noexcept;
  ~RowStream();

 private:
  std::unique_ptr<Part> part_;
};

}  // namespace lathe
