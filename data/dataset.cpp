#include "data/dataset.h"

#include <algorithm>
#include <charconv>

#include "base/file.h"
#include "data/arrow_reader.h"
#include "data/arrow_writer.h"
#include "data/dataset_directory.h"
#include "data/files.h"
#include "data/labels.h"

namespace lathe {

namespace {

// Goes into every fingerprint: to be raised when an operation gives other results.
constexpr int64_t kOperationsVersion = 1;

std::string fingerprint_of(const Table& table) {
  Fingerprint fingerprint;
  fingerprint.add("table").add(kOperationsVersion);
  for (const Column& column : table.columns()) {
    fingerprint.add(column.name());
    if (column.labels() != nullptr) {
      for (const std::string& label : column.labels()->names()) fingerprint.add(label);
    }
    add_content(fingerprint, column);
  }
  return fingerprint.hex();
}

void add_options(Fingerprint& fingerprint, const ReadOptions& options) {
  fingerprint.add(options.infer_types ? 1 : 0).add(static_cast<int64_t>(options.types.size()));
  for (const auto& [name, type] : options.types) fingerprint.add(name).add(name_of(type));
  fingerprint.add(options.delimiter ? int64_t{*options.delimiter} : -1);
  fingerprint.add(options.quotes ? int64_t{*options.quotes} : -1);
  for (const auto* names : {&options.column_names, &options.null_values}) {
    fingerprint.add(static_cast<int64_t>(names->size()));
    for (const std::string& name : *names) fingerprint.add(name);
  }
  fingerprint.add(options.field).add(static_cast<int64_t>(options.sample_by));
}

// Names, each with its length, so that ("ab", "c") and ("a", "bc") differ.
std::string joined(const std::vector<std::string>& names) {
  std::string out;
  for (const std::string& name : names) out += std::to_string(name.size()) + ":" + name;
  return out;
}

std::string joined(const std::vector<int64_t>& rows) {
  return {reinterpret_cast<const char*>(rows.data()), rows.size() * sizeof(int64_t)};
}

// The shortest digits that give the same number back.
std::string exact(double value) {
  char digits[32];
  return {digits, std::to_chars(digits, digits + sizeof digits, value).ptr};
}

MapOptions into(MapOptions options, const std::string& output) {
  if (!output.empty()) options.output = output;
  return options;
}

// What an operation made in memory, in the file it is to be in.
Table in_file(const Table& table, const std::string& output) {
  if (output.empty()) return table;
  write_arrow(output, table);
  return open_arrow(output).table;
}

}  // namespace

Dataset::Dataset(Table table, std::optional<DatasetCache> cache)
    : table_(std::move(table)), fingerprint_(fingerprint_of(table_)), cache_(std::move(cache)) {}

Dataset Dataset::read(const std::string& path, const ReadOptions& options,
                      std::optional<DatasetCache> cache) {
  const std::vector<std::string> files = data_files(path, options.split);
  const auto is_arrow = [](const std::string& file) { return is_arrow_path(file); };
  if (std::any_of(files.begin(), files.end(), is_arrow)) {  // mapped already: nothing to keep
    return Dataset(read_table(path, options), std::move(cache));
  }
  Fingerprint fingerprint;
  fingerprint.add("read").add(kOperationsVersion);
  add_options(fingerprint, options);
  for (const std::string& file : files) {
    fingerprint.add(data_extension(file)).add(MappedFile(file).bytes());
  }
  return kept(fingerprint.hex(), cache, [&](const std::string& output) {
    return in_file(read_table(path, options), output);
  });
}

Dataset Dataset::kept(const std::string& fingerprint, const std::optional<DatasetCache>& cache,
                      const Make& make) {
  if (!cache) return Dataset(make(""), fingerprint, cache);
  DatasetCache::Result result = cache->get_file(fingerprint, make);
  Dataset dataset(std::move(result.table), fingerprint, cache);
  dataset.from_cache_ = result.found;
  return dataset;
}

std::string Dataset::child(std::initializer_list<std::string_view> facts) const {
  Fingerprint fingerprint;
  fingerprint.add(fingerprint_).add(kOperationsVersion);
  for (const std::string_view fact : facts) fingerprint.add(fact);
  return fingerprint.hex();
}

Dataset Dataset::step(std::initializer_list<std::string_view> facts, const Make& make) const {
  return kept(child(facts), cache_, make);
}

Dataset Dataset::map_batches(const std::string& facts, const BatchFunction& function,
                             const MapOptions& options) const {
  return step(
      {"map_batches", facts, joined(options.remove_columns), std::to_string(options.batch_size)},
      [&](const std::string& output) {
        return lathe::map_batches(table_, function, into(options, output));
      });
}

Dataset Dataset::map_rows(const std::string& facts, const RowFunction& function,
                          const MapOptions& options) const {
  return step({"map_rows", facts, joined(options.remove_columns)}, [&](const std::string& output) {
    return lathe::map_rows(table_, function, into(options, output));
  });
}

Dataset Dataset::filter(const std::string& facts, const RowPredicate& keep) const {
  return step({"filter", facts},
              [&](const std::string& output) { return lathe::filter(table_, keep, output); });
}

Dataset Dataset::select(const std::vector<int64_t>& rows) const {
  return step({"select", joined(rows)},
              [&](const std::string& output) { return lathe::select(table_, rows, output); });
}

Dataset Dataset::shuffle(uint64_t seed) const {
  return step({"shuffle", std::to_string(seed)},
              [&](const std::string& output) { return lathe::shuffle(table_, seed, output); });
}

Dataset Dataset::sort(const std::vector<SortKey>& keys) const {
  std::vector<std::string> facts;
  facts.reserve(keys.size());
  for (const SortKey& key : keys) facts.push_back((key.descending ? "-" : "+") + key.column);
  return step({"sort", joined(facts)}, [&](const std::string& output) {
    return in_file(lathe::sort(table_, keys), output);
  });
}

Dataset Dataset::cast_column(const std::string& name, ColumnType type) const {
  return step({"cast_column", name, name_of(type)}, [&](const std::string& output) {
    return in_file(lathe::cast_column(table_, name, type), output);
  });
}

Dataset Dataset::class_encode_column(const std::string& name) const {
  return step({"class_encode_column", name}, [&](const std::string& output) {
    return in_file(lathe::class_encode_column(table_, name), output);
  });
}

std::pair<Dataset, Dataset> Dataset::train_test_split(const SplitOptions& options) const {
  const std::string facts = joined(std::vector<std::string>{
      exact(options.test_fraction), options.test_rows ? std::to_string(*options.test_rows) : "",
      options.shuffle ? std::to_string(options.seed) : "in order", options.stratify_by_column});
  std::optional<TrainTest> parts;  // made once, where one of them is missing
  const auto part = [&](const char* name, Table TrainTest::*which) {
    return step({"train_test_split", facts, name}, [&](const std::string& output) {
      if (!parts) parts = lathe::train_test_split(table_, options);
      return in_file((*parts).*which, output);
    });
  };
  Dataset train = part("train", &TrainTest::train);
  return {std::move(train), part("test", &TrainTest::test)};
}

Dataset Dataset::slice(int64_t begin, int64_t end) const {
  return Dataset(lathe::slice(table_, begin, end),
                 child({"slice", std::to_string(begin), std::to_string(end)}), cache_);
}

Dataset Dataset::shard(int64_t shards, int64_t index) const {
  return Dataset(lathe::shard(table_, shards, index),
                 child({"shard", std::to_string(shards), std::to_string(index)}), cache_);
}

Dataset Dataset::select_columns(const std::vector<std::string>& names) const {
  return Dataset(lathe::select_columns(table_, names), child({"select_columns", joined(names)}),
                 cache_);
}

Dataset Dataset::remove_columns(const std::vector<std::string>& names) const {
  return Dataset(lathe::remove_columns(table_, names), child({"remove_columns", joined(names)}),
                 cache_);
}

Dataset Dataset::rename_column(const std::string& name, const std::string& new_name) const {
  return Dataset(lathe::rename_column(table_, name, new_name),
                 child({"rename_column", name, new_name}), cache_);
}

}  // namespace lathe
