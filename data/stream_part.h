// What a stream of rows is made of: files, and what reorders the rows of another part.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "base/json.h"
#include "data/stream.h"

namespace lathe {

class RowStream::Part {
 public:
  virtual ~Part() = default;
  virtual bool next(StreamRow& row) = 0;
  // What restore() goes on from.
  virtual Json state() const = 0;
  virtual void restore(const Json& state) = 0;
};

using StreamPart = std::unique_ptr<RowStream::Part>;

StreamPart files_part(const std::string& path, const ReadOptions& options);
// Buffers of `size` rows, each given in random order.
StreamPart shuffle_part(StreamPart source, int64_t size, uint64_t seed);
// The rows whose number is `first` + k `step`, below `end`.
StreamPart every_part(StreamPart source, int64_t first, int64_t step, int64_t end);
StreamPart interleave_part(std::vector<RowStream> streams, const Interleave& options);

// "stre": sets the random numbers of streams apart from a seed's other draws.
constexpr uint64_t kStreamDraws = uint64_t{0x73747265} << 32;

// Of a state: Error where it lacks the key, or has no count there.
const Json& state_member(const Json& state, const char* key);
int64_t state_count(const Json& state, const char* key);

}  // namespace lathe
