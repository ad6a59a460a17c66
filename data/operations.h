// What Hugging Face Datasets does to a dataset, under its names. Each returns a new table and
// leaves the old one as it was; columns that a step does not touch are shared, not copied.
//
// Errors name the column, and the row where there is one.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/json.h"
#include "data/labels.h"
#include "data/table.h"

namespace lathe {

// ---- columns ----

Table select_columns(const Table& table, const std::vector<std::string>& names);
Table remove_columns(const Table& table, const std::vector<std::string>& names);
Table rename_column(const Table& table, const std::string& name, const std::string& new_name);
// In the place of the column of that name, else behind the others.
Table with_column(const Table& table, const Column& column);
// data/cast.h says what can be made into what. Of lists the elements are cast.
Table cast_column(const Table& table, const std::string& name, ColumnType type);
// Integers that number `labels`, or texts that are among them (then they become numbers). Error for
// one that is neither -1 nor a label.
Table cast_to_labels(const Table& table, const std::string& name, const LabelNames& labels);
// Texts, integers or booleans become the numbers of their distinct values, which, written as text
// and sorted, are the labels ("false" and "true" for booleans, which Datasets would write in
// capitals). Nulls stay nulls.
Table class_encode_column(const Table& table, const std::string& name);

// ---- rows ----

// The rows [begin, end), without copying.
Table slice(const Table& table, int64_t begin, int64_t end);
// Part `index` of `shards`: a run of rows (the first `rows % shards` parts have one more), without
// copying; or every shards-th row from `index` on.
Table shard(const Table& table, int64_t shards, int64_t index, bool contiguous = true);
// All rows of each, one table after another, without copying. Error when columns differ.
Table concatenate(const std::vector<Table>& tables);
// The columns of each beside each other. Error when names repeat or lengths differ.
Table concatenate_columns(const std::vector<Table>& tables);

// Copies the rows named, in that order. Where `output` is not empty they are written there, an
// Arrow file, in blocks, and mapped: memory does not grow with the table. table.select() is this in
// memory.
Table select(const Table& table, const std::vector<int64_t>& rows, const std::string& output = "");
// In an order that depends on `seed` alone. Physical, so reading in order stays sequential.
Table shuffle(const Table& table, uint64_t seed, const std::string& output = "");

struct SortKey {
  std::string column;  // numbers, booleans or texts (by code point)
  bool descending = false;
};
// By the first key, among its equals by the second …; equals keep their order. NaN and then nulls
// stand at the end, whatever the direction.
Table sort(const Table& table, const std::vector<SortKey>& keys);

// The distinct values of a column in the order in which they first stand, nulls as one of them.
Column unique(const Column& column);

struct Interleave {
  // Empty: a row of each in turn. Else the probability of each, which need not sum to 1.
  std::vector<double> probabilities = {};
  uint64_t seed = 42;
  bool until_all_are_exhausted = false;  // else until the first is; shorter ones begin again
};
Table interleave(const std::vector<Table>& tables, const Interleave& options = {});

// Errors of what shard() and interleave() are given, for whatever else takes the same.
void check_shard(int64_t shards, int64_t index);
void check_probabilities(const std::vector<double>& probabilities, std::size_t tables);

struct TrainTest {
  Table train, test;
};
struct SplitOptions {
  double test_fraction = 0.25;            // of the rows, rounded up
  std::optional<int64_t> test_rows = {};  // instead
  bool shuffle = true;
  uint64_t seed = 42;
  std::string stratify_by_column = {};  // keeps the shares of its values in both
};
// Error when a part would be empty, or, stratified, when a class is too small to be in both.
TrainTest train_test_split(const Table& table, const SplitOptions& options = {});

// ---- functions ----

struct MapOptions {
  std::vector<std::string> remove_columns = {};  // those of the input that the result has not
  int64_t batch_size = 1000;                     // rows of a call, of a batched map
  std::string output = {};                       // as of select()
};

// The columns that `function` makes of the rows of a batch, added to the batch's own, in the place
// of those of the same name. It may return another number of rows where all columns of the input
// are replaced or removed. Called on all OpenMP threads at once; the result does not depend on
// their number. Error when the columns differ from batch to batch, and whatever it throws, for the
// first batch that does.
using BatchFunction = std::function<Table(const Table& batch)>;
Table map_batches(const Table& table, const BatchFunction& function,
                  const MapOptions& options = {});

// The same for one row: keys are columns, types are settled by all of the values together, as a
// JSON file's are.
using RowFunction = std::function<Json::Object(const Table& table, int64_t row)>;
Table map_rows(const Table& table, const RowFunction& function, const MapOptions& options = {});

// The rows for which `keep` holds. Called on all OpenMP threads at once.
using RowPredicate = std::function<bool(const Table& table, int64_t row)>;
Table filter(const Table& table, const RowPredicate& keep, const std::string& output = "");

}  // namespace lathe
