// Operations that choose rows and order them.

#include <algorithm>
#include <cmath>
#include <map>
#include <numeric>
#include <set>

#include "base/error.h"
#include "data/arrow_reader.h"
#include "data/arrow_writer.h"
#include "data/cast.h"
#include "data/operations.h"
#include "tensor/random.h"

namespace lathe {

namespace {

constexpr int64_t kRowsPerBlock = 8192;  // that are copied at a time on their way to a file

// "oper": sets this stream of a seed apart from those that train with it.
constexpr uint64_t kStream = uint64_t{0x6f706572} << 32;

std::vector<int64_t> rows_in_order(int64_t begin, int64_t end, int64_t step = 1) {
  std::vector<int64_t> rows;
  for (int64_t row = begin; row < end; row += step) rows.push_back(row);
  return rows;
}

std::vector<int64_t> rows_in_random_order(int64_t count, uint64_t seed) {
  Random random(seed, kStream);
  return random_permutation(count, random);
}

// ---- sorting ----

// -1, 0 or 1: how two rows stand to each other in a column; what is missing stands at the end.
class Order {
 public:
  Order(const Column& column, bool descending) : column_(column), descending_(descending) {
    if (is_list(column.type())) {
      fail(column.where(), " holds ", column.type_name(), ": lists have no order");
    }
  }

  int compare(int64_t a, int64_t b) const {
    const int a_missing = missing(a), b_missing = missing(b);
    if (a_missing != 0 || b_missing != 0) return sign(a_missing, b_missing);
    const int order = compare_values(a, b);
    return descending_ ? -order : order;
  }

 private:
  template <class T>
  static int sign(const T& a, const T& b) {
    return a < b ? -1 : b < a ? 1 : 0;
  }
  int missing(int64_t row) const {
    if (column_.is_null(row)) return 2;
    return is_fraction(column_.type()) && std::isnan(column_.number(row)) ? 1 : 0;
  }
  int compare_values(int64_t a, int64_t b) const {
    if (is_text(column_.type())) return sign(column_.text(a), column_.text(b));
    if (is_fraction(column_.type())) return sign(column_.number(a), column_.number(b));
    if (column_.type() == ColumnType::kUint64) {
      return sign(column_.values<uint64_t>({a, a + 1})[0], column_.values<uint64_t>({b, b + 1})[0]);
    }
    return sign(column_.integer(a), column_.integer(b));
  }

  const Column& column_;
  bool descending_;
};

// ---- splitting ----

// The rows of each distinct value, by the value's first row.
std::vector<std::vector<int64_t>> rows_by_value(const Column& column) {
  if (column.null_count() > 0 || is_list(column.type())) {
    fail(column.where(), ": to stratify by it, it must hold single values without nulls");
  }
  const Column texts = cast(column, ColumnType::kUtf8);
  std::map<std::string, std::size_t, std::less<>> places;
  std::vector<std::vector<int64_t>> groups;
  for (int64_t row = 0; row < texts.size(); ++row) {
    auto found = places.find(texts.text(row));
    if (found == places.end()) {
      found = places.emplace(texts.text(row), groups.size()).first;
      groups.emplace_back();
    }
    groups[found->second].push_back(row);
  }
  return groups;
}

// `total` shared out in proportion to `sizes`: the whole parts, then one more to those with the
// largest fractions left.
std::vector<int64_t> shares(const std::vector<int64_t>& sizes, int64_t total) {
  const auto sum = static_cast<double>(std::accumulate(sizes.begin(), sizes.end(), int64_t{0}));
  std::vector<int64_t> result;
  std::vector<std::pair<double, std::size_t>> fractions;
  for (std::size_t i = 0; i < sizes.size(); ++i) {
    const double exact = static_cast<double>(sizes[i]) / sum * static_cast<double>(total);
    result.push_back(static_cast<int64_t>(std::floor(exact)));
    fractions.emplace_back(std::floor(exact) - exact, i);
  }
  std::stable_sort(fractions.begin(), fractions.end());
  const int64_t left = total - std::accumulate(result.begin(), result.end(), int64_t{0});
  for (int64_t i = 0; i < left; ++i) ++result[fractions[static_cast<std::size_t>(i)].second];
  return result;
}

struct RowSplit {
  std::vector<int64_t> train, test;
};

RowSplit stratified(const Column& column, int64_t test_rows, uint64_t seed) {
  std::vector<std::vector<int64_t>> groups = rows_by_value(column);
  std::vector<int64_t> sizes;
  sizes.reserve(groups.size());
  for (const auto& group : groups) sizes.push_back(static_cast<int64_t>(group.size()));
  const auto classes = static_cast<int64_t>(groups.size());
  if (*std::min_element(sizes.begin(), sizes.end()) < 2) {
    fail(column.where(), ": a value that stands in one row only cannot be in both parts");
  }
  if (test_rows < classes || column.size() - test_rows < classes) {
    fail(column.where(), ": parts of ", column.size() - test_rows, " and ", test_rows,
         " rows cannot both hold its ", classes, " values");
  }
  const std::vector<int64_t> trains = shares(sizes, column.size() - test_rows);
  RowSplit split;
  Random random(seed, kStream);
  for (std::size_t i = 0; i < groups.size(); ++i) {
    const std::vector<int64_t> order = random_permutation(sizes[i], random);
    for (std::size_t j = 0; j < order.size(); ++j) {
      auto& part = static_cast<int64_t>(j) < trains[i] ? split.train : split.test;
      part.push_back(groups[i][static_cast<std::size_t>(order[j])]);
    }
  }
  const auto mix = [&](std::vector<int64_t>& rows) {
    std::vector<int64_t> mixed;
    for (const int64_t i : random_permutation(static_cast<int64_t>(rows.size()), random)) {
      mixed.push_back(rows[static_cast<std::size_t>(i)]);
    }
    rows = std::move(mixed);
  };
  mix(split.test);
  mix(split.train);
  return split;
}

// ---- interleaving ----

// Counts which rows of which table come next, each table's rows following each other.
class Turns {
 public:
  Turns(const std::vector<Table>& tables, bool until_all) : until_all_(until_all) {
    for (const Table& table : tables) {
      if (table.rows() == 0) fail("a table without rows cannot be interleaved");
      starts_.push_back(total_);
      sizes_.push_back(table.rows());
      total_ += table.rows();
    }
    next_.resize(tables.size());
    exhausted_.resize(tables.size());
  }

  // Appends the next row of a table.
  void take(std::size_t table) {
    rows_.push_back(starts_[table] + next_[table]);
    if (++next_[table] < sizes_[table]) return;
    next_[table] = 0;
    if (!exhausted_[table]) ++exhausted_count_;
    exhausted_[table] = true;
  }
  bool done() const {
    return exhausted_count_ >= (until_all_ ? static_cast<int64_t>(sizes_.size()) : 1);
  }
  std::vector<int64_t> rows_;

 private:
  bool until_all_;
  int64_t total_ = 0, exhausted_count_ = 0;
  std::vector<int64_t> starts_, sizes_, next_;
  std::vector<bool> exhausted_;
};

std::size_t drawn(const std::vector<double>& probabilities, double sum, Random& random) {
  double point = random.uniform() * sum;
  for (std::size_t i = 0; i + 1 < probabilities.size(); ++i) {
    if (point < probabilities[i]) return i;
    point -= probabilities[i];
  }
  return probabilities.size() - 1;
}

}  // namespace

void check_probabilities(const std::vector<double>& probabilities, std::size_t tables) {
  if (probabilities.size() != tables) {
    fail(probabilities.size(), " probabilities for ", tables, " tables");
  }
  for (const double probability : probabilities) {
    if (!(probability > 0 && std::isfinite(probability))) {
      fail("a probability of ", probability, ": each must be above 0");
    }
  }
}

void check_shard(int64_t shards, int64_t index) {
  if (shards < 1 || index < 0 || index >= shards) {
    fail("part ", index, " of ", shards, ": parts count from 0");
  }
}

Table slice(const Table& table, int64_t begin, int64_t end) {
  std::vector<Column> columns;
  for (const Column& column : table.columns()) columns.push_back(column.slice(begin, end));
  return Table(std::move(columns), table.source());
}

Table shard(const Table& table, int64_t shards, int64_t index, bool contiguous) {
  check_shard(shards, index);
  if (!contiguous) return select(table, rows_in_order(index, table.rows(), shards));
  const int64_t size = table.rows() / shards, longer = table.rows() % shards;
  const int64_t begin = index * size + std::min(index, longer);
  return slice(table, begin, begin + size + (index < longer ? 1 : 0));
}

Table concatenate(const std::vector<Table>& tables) {
  if (tables.empty()) fail("no tables to concatenate");
  std::vector<Column> columns;
  for (const Column& first : tables.front().columns()) {
    std::vector<Column> parts;
    for (const Table& table : tables) {
      if (table.columns().size() != tables.front().columns().size()) {
        fail(table.source(), table.source().empty() ? "" : ": ", "columns ",
             quoted_list(table.column_names()), ", in the first table ",
             quoted_list(tables.front().column_names()));
      }
      parts.push_back(table.column(first.name()));
    }
    columns.push_back(Column::chained(parts).with_source(tables.size() == 1 ? first.source() : ""));
  }
  return Table(std::move(columns));
}

Table select(const Table& table, const std::vector<int64_t>& rows, const std::string& output) {
  if (output.empty()) return table.select(rows);
  ArrowWriter writer(output, table);
  const auto count = static_cast<int64_t>(rows.size());
  for (int64_t begin = 0; begin < count; begin += kRowsPerBlock) {
    const int64_t end = std::min(count, begin + kRowsPerBlock);
    writer.write(table.select({rows.begin() + begin, rows.begin() + end}));
  }
  writer.commit();
  return open_arrow(output).table;
}

Table shuffle(const Table& table, uint64_t seed, const std::string& output) {
  return select(table, rows_in_random_order(table.rows(), seed), output);
}

Table sort(const Table& table, const std::vector<SortKey>& keys) {
  std::vector<Order> orders;
  orders.reserve(keys.size());
  for (const SortKey& key : keys) orders.emplace_back(table.column(key.column), key.descending);
  std::vector<int64_t> rows = rows_in_order(0, table.rows());
  std::stable_sort(rows.begin(), rows.end(), [&](int64_t a, int64_t b) {
    for (const Order& order : orders) {
      const int sign = order.compare(a, b);
      if (sign != 0) return sign < 0;
    }
    return false;
  });
  return select(table, rows);
}

Column unique(const Column& column) {
  const Column texts = cast(column, ColumnType::kUtf8);
  std::set<std::string, std::less<>> seen;
  bool null_seen = false;
  std::vector<int64_t> rows;
  for (int64_t row = 0; row < texts.size(); ++row) {
    if (texts.is_null(row)) {
      if (!null_seen) rows.push_back(row);
      null_seen = true;
    } else if (!seen.contains(texts.text(row))) {
      seen.emplace(texts.text(row));
      rows.push_back(row);
    }
  }
  return gather(column, rows);
}

Table interleave(const std::vector<Table>& tables, const Interleave& options) {
  const Table all = concatenate(tables);
  Turns turns(tables, options.until_all_are_exhausted);
  if (options.probabilities.empty()) {
    while (!turns.done()) {  // whole rounds, so that every table gives equally many rows
      for (std::size_t i = 0; i < tables.size(); ++i) turns.take(i);
    }
    return select(all, turns.rows_);
  }
  check_probabilities(options.probabilities, tables.size());
  const double sum =
      std::accumulate(options.probabilities.begin(), options.probabilities.end(), 0.0);
  Random random(options.seed, kStream);
  while (!turns.done()) turns.take(drawn(options.probabilities, sum, random));
  return select(all, turns.rows_);
}

TrainTest train_test_split(const Table& table, const SplitOptions& options) {
  const int64_t rows = table.rows();
  const auto fraction_rows =
      static_cast<int64_t>(std::ceil(options.test_fraction * static_cast<double>(rows)));
  const int64_t test_rows = options.test_rows.value_or(fraction_rows);
  if (test_rows < 1 || test_rows >= rows) {
    fail("a test part of ", test_rows, " of ", rows, " rows: both parts need at least one");
  }
  if (!options.stratify_by_column.empty()) {
    if (!options.shuffle) fail("a stratified split is shuffled: rows of a class are drawn from");
    const RowSplit split =
        stratified(table.column(options.stratify_by_column), test_rows, options.seed);
    return {select(table, split.train), select(table, split.test)};
  }
  if (!options.shuffle) {
    return {slice(table, 0, rows - test_rows), slice(table, rows - test_rows, rows)};
  }
  const std::vector<int64_t> order = rows_in_random_order(rows, options.seed);
  return {select(table, {order.begin() + test_rows, order.end()}),
          select(table, {order.begin(), order.begin() + test_rows})};
}

}  // namespace lathe
