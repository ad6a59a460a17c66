// Functions over batches and rows, on all threads.

#include <algorithm>
#include <memory>
#include <unordered_map>

#include "base/error.h"
#include "data/arrow_reader.h"
#include "data/arrow_writer.h"
#include "data/json_column.h"
#include "data/operations.h"
#include "data/parallel.h"

namespace lathe {

namespace {

constexpr int64_t kBatchesAtOnce = 64;  // that are in memory on their way to a file
constexpr int64_t kRowsAtOnce = 256;    // of a thread, of functions of rows

// What a function made of a batch, beside what it left of the batch.
Table merged(const Table& batch, const Table& made, const std::vector<std::string>& removed) {
  std::vector<Column> columns;
  for (const Column& column : batch.columns()) {
    if (made.find(column.name()) != nullptr) {
      columns.push_back(made.column(column.name()));
    } else if (std::find(removed.begin(), removed.end(), column.name()) == removed.end()) {
      columns.push_back(column);
    }
  }
  for (const Column& column : made.columns()) {
    if (batch.find(column.name()) == nullptr) columns.push_back(column);
  }
  for (Column& column : columns) column = column.with_source("");
  for (const Column& column : columns) {
    if (column.size() == columns.front().size()) continue;
    fail("map: a batch of ", batch.rows(), " rows became one of ", made.rows(), ", but column ",
         quoted(column.name()), " has ", column.size(),
         ": columns that are not made anew must be removed then");
  }
  return Table(std::move(columns));
}

// Where results go: kept, or written to a file.
class Results {
 public:
  explicit Results(std::string output) : output_(std::move(output)) {}

  void add(std::vector<Table> tables) {
    for (Table& table : tables) {
      if (output_.empty()) {
        kept_.push_back(std::move(table));
        continue;
      }
      if (writer_ == nullptr) writer_ = std::make_unique<ArrowWriter>(output_, table);
      writer_->write(table);
    }
  }

  Table finish() {
    if (output_.empty()) return concatenate(kept_);
    writer_->commit();
    return open_arrow(output_).table;
  }

 private:
  std::string output_;
  std::vector<Table> kept_;
  std::unique_ptr<ArrowWriter> writer_;
};

// Columns that grow by the objects that functions of rows return.
class ObjectColumns {
 public:
  void append(const Json::Object& object) {
    for (const auto& [key, value] : object) {
      const auto [found, is_new] = places_.try_emplace(key, names_.size());
      if (is_new) {
        names_.push_back(key);
        columns_.emplace_back();
      }
      JsonColumn& column = columns_[found->second];
      pad(column);
      try {
        column.append(value);
      } catch (const Error& error) {
        fail("map: row ", rows_ + 1, ": ", quoted(key), " ", error.what());
      }
    }
    ++rows_;
  }

  Table finish() {
    std::vector<Column> columns;
    for (std::size_t i = 0; i < names_.size(); ++i) {
      pad(columns_[i]);
      columns.push_back(columns_[i].finish(names_[i]));
    }
    return Table(std::move(columns));
  }

 private:
  void pad(JsonColumn& column) const {
    while (column.size() < rows_) column.append_null();
  }

  int64_t rows_ = 0;
  std::vector<std::string> names_;
  std::vector<JsonColumn> columns_;
  std::unordered_map<std::string, std::size_t> places_;
};

}  // namespace

Table map_batches(const Table& table, const BatchFunction& function, const MapOptions& options) {
  if (options.batch_size < 1) fail("map: a batch size of ", options.batch_size);
  for (const std::string& name : options.remove_columns) table.column(name);
  // A table without rows is one empty batch, so that its result has its columns.
  const int64_t batches =
      std::max<int64_t>(1, (table.rows() + options.batch_size - 1) / options.batch_size);
  Results results(options.output);
  for (int64_t done = 0; done < batches; done += kBatchesAtOnce) {
    const int64_t count = std::min(kBatchesAtOnce, batches - done);
    std::vector<Table> made(static_cast<std::size_t>(count));
    in_parallel(count, [&](int64_t i) {
      const int64_t begin = (done + i) * options.batch_size;
      const Table batch = slice(table, begin, std::min(table.rows(), begin + options.batch_size));
      made[static_cast<std::size_t>(i)] = merged(batch, function(batch), options.remove_columns);
    });
    results.add(std::move(made));
  }
  return results.finish();
}

Table map_rows(const Table& table, const RowFunction& function, const MapOptions& options) {
  for (const std::string& name : options.remove_columns) table.column(name);
  const int64_t block = kRowsAtOnce * kBatchesAtOnce;
  ObjectColumns columns;
  std::vector<Json::Object> objects;
  for (int64_t begin = 0; begin < table.rows(); begin += block) {
    const int64_t end = std::min(table.rows(), begin + block);
    objects.assign(static_cast<std::size_t>(end - begin), {});
    in_parallel((end - begin + kRowsAtOnce - 1) / kRowsAtOnce, [&](int64_t i) {
      const int64_t last = std::min(end, begin + (i + 1) * kRowsAtOnce);
      for (int64_t row = begin + i * kRowsAtOnce; row < last; ++row) {
        objects[static_cast<std::size_t>(row - begin)] = function(table, row);
      }
    });
    for (const Json::Object& object : objects) columns.append(object);
  }
  Table result = merged(table, columns.finish(), options.remove_columns);
  if (options.output.empty()) return result;
  write_arrow(options.output, result);
  return open_arrow(options.output).table;
}

Table filter(const Table& table, const RowPredicate& keep, const std::string& output) {
  std::vector<char> kept(static_cast<std::size_t>(table.rows()));
  in_parallel((table.rows() + kRowsAtOnce - 1) / kRowsAtOnce, [&](int64_t i) {
    const int64_t last = std::min(table.rows(), (i + 1) * kRowsAtOnce);
    for (int64_t row = i * kRowsAtOnce; row < last; ++row) {
      kept[static_cast<std::size_t>(row)] = keep(table, row) ? 1 : 0;
    }
  });
  std::vector<int64_t> rows;
  for (int64_t row = 0; row < table.rows(); ++row) {
    if (kept[static_cast<std::size_t>(row)] != 0) rows.push_back(row);
  }
  return select(table, rows, output);
}

}  // namespace lathe
