// Results of steps over data, kept on disk under a fingerprint of everything they depend on: the
// second run opens what the first one wrote.
//
// An entry is an Arrow file DIRECTORY/<fingerprint>.arrow, published by rename: a reader sees all
// of it or none, whatever happens to the writer, and two processes that make the same entry at once
// write the same bytes. One that is damaged is made again.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "base/hash.h"
#include "data/table.h"

namespace lathe {

class DatasetCache {
 public:
  struct Entry {
    std::string name, path;
    int64_t bytes;
    int64_t last_used;  // seconds since 1970
  };
  struct Result {
    Table table;
    bool found;           // else it was made
    std::string problem;  // why it could not be kept: a full disk, say; then it is in memory
  };

  // $LATHE_CACHE_DIR, else lathe below $XDG_CACHE_HOME, else ~/.cache/lathe; "" without
  // any of these.
  static std::string default_directory();
  explicit DatasetCache(std::string directory) : directory_(std::move(directory)) {}
  const std::string& directory() const { return directory_; }

  // The entry of that name (Fingerprint::hex()); what `make` returns, kept as the entry, where
  // there is none, where it is damaged (its checksums are verified first, unless told otherwise),
  // or where `anew`. What `make` throws is thrown.
  Result get(const std::string& name, const std::function<Table()>& make, bool anew = false,
             bool verify = true) const;

  // The same where `make` writes the entry itself, to the path it is given: memory does not grow
  // with it. What it returns is written where it has not done so. Where nothing can be kept it is
  // called once more with "", and what it returns stays in memory. Of an entry that is found only
  // the metadata is read, not what its checksums cover.
  Result get_file(const std::string& name,
                  const std::function<Table(const std::string& output)>& make) const;

  std::vector<Entry> entries() const;  // the most recently used first
  // Removes those that were used longest ago until the others take at most `bytes`, and what
  // writers that were killed left behind. Returns how many entries went. Mappings of removed files
  // stay.
  int64_t shrink(int64_t bytes) const;

  // What the cache may take, kept to after each entry that is made: 20 GiB unless set.
  int64_t limit() const;
  void set_limit(int64_t bytes) const;

 private:
  void remove_remains() const;
  std::optional<Table> open(const std::string& path, bool verify) const;

  std::string directory_;
};

// Adds a column's type and values: the same however they are cut into chunks, whatever the column
// is called and wherever it comes from.
void add_content(Fingerprint& fingerprint, const Column& column);

}  // namespace lathe
