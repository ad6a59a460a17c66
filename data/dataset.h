// A table that knows how it came about, so that the second run of a program opens what the first
// one wrote.
//
// Its fingerprint is a hash of the content it began with and of the declared facts of every step
// since: the operation and its options; of a function, what its author says of it. A step's result
// is kept in a cache under that fingerprint and mapped, so memory does not grow with it; a step
// that only rearranges columns or cuts rows off copies nothing and keeps nothing.
#pragma once

#include <cstdint>
#include <functional>
#include <initializer_list>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "data/cache.h"
#include "data/operations.h"
#include "data/reader.h"
#include "data/table.h"

namespace lathe {

class Dataset {
 public:
  // By its content. Without a cache every step is done anew, and its result is in memory.
  explicit Dataset(Table table, std::optional<DatasetCache> cache = std::nullopt);
  // read_table(), by the files' bytes and the options: what was parsed is not parsed again.
  static Dataset read(const std::string& path, const ReadOptions& options,
                      std::optional<DatasetCache> cache);

  const Table& table() const { return table_; }
  const std::string& fingerprint() const { return fingerprint_; }
  bool from_cache() const { return from_cache_; }  // the last step was not done but found

  // The operations of data/operations.h. `facts` says what a function does, in words that change
  // whenever it does otherwise: "lower-case text, version 2". Two functions with the same facts are
  // taken for one.
  Dataset map_batches(const std::string& facts, const BatchFunction& function,
                      const MapOptions& options = {}) const;
  Dataset map_rows(const std::string& facts, const RowFunction& function,
                   const MapOptions& options = {}) const;
  Dataset filter(const std::string& facts, const RowPredicate& keep) const;
  Dataset select(const std::vector<int64_t>& rows) const;
  Dataset shuffle(uint64_t seed) const;
  Dataset sort(const std::vector<SortKey>& keys) const;
  Dataset cast_column(const std::string& name, ColumnType type) const;
  Dataset class_encode_column(const std::string& name) const;
  std::pair<Dataset, Dataset> train_test_split(const SplitOptions& options = {}) const;

  // These keep nothing.
  Dataset slice(int64_t begin, int64_t end) const;
  Dataset shard(int64_t shards, int64_t index) const;  // a run of rows
  Dataset select_columns(const std::vector<std::string>& names) const;
  Dataset remove_columns(const std::vector<std::string>& names) const;
  Dataset rename_column(const std::string& name, const std::string& new_name) const;

  // Any other step. `facts` name it and everything that its result depends on beside this dataset.
  // `make` returns the result, or writes it to the file it is given, which is "" without a cache.
  using Make = std::function<Table(const std::string& output)>;
  Dataset step(std::initializer_list<std::string_view> facts, const Make& make) const;

 private:
  Dataset(Table table, std::string fingerprint, std::optional<DatasetCache> cache)
      : table_(std::move(table)), fingerprint_(std::move(fingerprint)), cache_(std::move(cache)) {}
  static Dataset kept(const std::string& fingerprint, const std::optional<DatasetCache>& cache,
                      const Make& make);
  std::string child(std::initializer_list<std::string_view> facts) const;

  Table table_;
  std::string fingerprint_;
  std::optional<DatasetCache> cache_;
  bool from_cache_ = false;
};

}  // namespace lathe
