// Reading Arrow IPC, stream or file ("Feather V2"): columns that are views of the bytes. Everything
// that a file claims is checked before it is believed. data/FORMAT.md says what is read.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "data/shared_bytes.h"
#include "data/table.h"

namespace lathe {

struct ArrowReadOptions {
  bool verify_checksums = false;  // Error for one that is missing or wrong; reads the whole file
  // Leaves out columns of types that a Column cannot hold (structs, dates, …) instead of an Error.
  bool skip_others = false;
};

struct ArrowFile {
  Table table;  // whose columns keep the mapping alive
  bool is_stream = false;
  int64_t record_batches = 0;
  std::vector<std::string> left_out;  // "answers (struct)"
};

// Maps the file: no row is copied, and none is read but the offsets of texts and lists, which are
// checked. Copied are only compressed buffers, views, dictionaries and buffers that are not
// aligned. Error, naming the file and the record batch, for what is not Arrow or is damaged.
ArrowFile open_arrow(const std::string& path, const ArrowReadOptions& options = {});
// The same of bytes at hand; `path` says what they are, in messages.
ArrowFile parse_arrow(const SharedBytes& bytes, const std::string& path,
                      const ArrowReadOptions& options = {});

}  // namespace lathe
