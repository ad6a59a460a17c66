// A file of rows, some of them at a time: what a stream reads, so that memory does not grow with
// it.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "data/reader.h"
#include "data/table.h"

namespace lathe {

class BlockReader {
 public:
  virtual ~BlockReader() = default;

  // CSV, TSV, lines of JSON and of text are read in blocks of about options.piece_bytes. Anything
  // else is one block: Arrow, which is mapped and not read, and what must be unpacked or parsed
  // whole: an array of JSON, compressed text.
  static std::unique_ptr<BlockReader> open(const std::string& path, const ReadOptions& options);

  // The rows of the block at `place`, which is 0 for a file's first; `place` then is the next
  // one's. Nothing at the end. CSV and TSV give texts, JSON what its own values settle.
  virtual std::optional<Table> read(int64_t& place) = 0;
};

}  // namespace lathe
