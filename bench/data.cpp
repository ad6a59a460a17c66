// Data on its way from a file to a batch: reading text, writing and opening Arrow, taking, sorting
// and shuffling rows, tokenizing, packing. The text is made here (tests/made_text.h), about 14 MB
// of pairs of sentences; files lie in the system's temporary directory and are in its cache.
// Readers are shown in bytes of the file a second, all else in bytes read and written.
#include <algorithm>
#include <functional>
#include <memory>
#include <numeric>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/error.h"
#include "base/file.h"
#include "bench/support/suite.h"
#include "data/arrow_reader.h"
#include "data/arrow_writer.h"
#include "data/batch.h"
#include "data/operations.h"
#include "data/reader.h"
#include "data/tokenized.h"
#include "tensor/random.h"
#include "tests/made_text.h"
#include "tests/temporary_directory.h"

namespace lathe::bench {
namespace {

using testing::MadeRows;

constexpr int64_t kRows = 50000;
constexpr int64_t kMaxLength = 128;

const testing::TemporaryDirectory& directory() {
  static const testing::TemporaryDirectory made;
  return made;
}

const MadeRows& rows() {
  static const MadeRows made = testing::made_rows(kRows, 1, /*quotes=*/false);
  return made;
}

const MadeRows& rows_with_quotes() {
  static const MadeRows made = testing::made_rows(kRows, 1, /*quotes=*/true);
  return made;
}

const Table& table() {
  static const Table read = parse_table(testing::as_csv(rows_with_quotes()), "made.csv");
  return read;
}

// As an Arrow file, mapped.
const Table& mapped_table() {
  static const Table mapped = [] {
    write_arrow(directory().file("table.arrow"), table());
    return open_arrow(directory().file("table.arrow")).table;
  }();
  return mapped;
}

const Tokenizer& tokenizer() {
  static const Tokenizer loaded = [] {
    write_file(directory().file("vocab.txt"), testing::MadeText::vocabulary());
    return Tokenizer::load(directory().path());
  }();
  return loaded;
}

const TokenizedDataset& tokens() {
  static const TokenizedDataset made =
      tokenize_columns(tokenizer(), table().column("sentence1"), &table().column("sentence2"),
                       {.max_length = kMaxLength});
  return made;
}

double items() { return static_cast<double>(kRows); }

// Of the table's rows: texts with their offsets, label and score.
double table_bytes() {
  const MadeRows& made = rows_with_quotes();
  double bytes = items() * (4 + 4 + 8 + 8);
  for (const auto* texts : {&made.first, &made.second}) {
    for (const std::string& text : *texts) bytes += static_cast<double>(text.size());
  }
  return bytes;
}

// ---- what is right ----

// Empty, or where row i of `found` is not row order[i] of what was made.
std::string difference(const Table& found, const MadeRows& made,
                       const std::vector<int64_t>& order) {
  if (found.rows() != std::ssize(order)) return concat("has ", found.rows(), " rows");
  const Column &first = found.column("sentence1"), &second = found.column("sentence2");
  const Column &label = found.column("label"), &score = found.column("score");
  for (int64_t row = 0; row < found.rows(); ++row) {
    const auto i = static_cast<std::size_t>(order[static_cast<std::size_t>(row)]);
    if (first.text(row) != made.first[i] || second.text(row) != made.second[i] ||
        label.integer(row) != made.labels[i] || score.number(row) != made.scores[i]) {
      return concat("row ", row, " is not what was made");
    }
  }
  return "";
}

std::vector<int64_t> in_order() {
  std::vector<int64_t> order(static_cast<std::size_t>(kRows));
  std::iota(order.begin(), order.end(), 0);
  return order;
}

// The rows in the order in which `key` has them.
template <class Key>
std::vector<int64_t> order_by(const Key& key) {
  std::vector<int64_t> order = in_order();
  std::stable_sort(order.begin(), order.end(), [&](int64_t a, int64_t b) {
    return key(static_cast<std::size_t>(a)) < key(static_cast<std::size_t>(b));
  });
  return order;
}

Table sorted() { return sort(mapped_table(), {{"score", true}, {"sentence1"}}); }

std::string check_sort() {
  const MadeRows& made = rows_with_quotes();
  return difference(sorted(), made, order_by([&](std::size_t row) {
                      return std::pair(-made.scores[row], std::string_view(made.first[row]));
                    }));
}

// A shuffle has every row once, and not where it was.
std::string check_shuffle() {
  const MadeRows& made = rows_with_quotes();
  const Table shuffled = shuffle(mapped_table(), 1);
  if (difference(shuffled, made, in_order()).empty()) return "nothing was shuffled";
  return difference(
      sort(shuffled, {{"sentence1"}, {"sentence2"}}), made, order_by([&](std::size_t row) {
        return std::pair<std::string_view, std::string_view>(made.first[row], made.second[row]);
      }));
}

// Every 97th row, encoded by itself, is what the map gave.
std::string check_tokens(const TokenizedDataset& found) {
  if (found.size() != kRows) return concat("has ", found.size(), " rows");
  const MadeRows& made = rows_with_quotes();
  for (int64_t row = 0; row < kRows; row += 97) {
    const auto i = static_cast<std::size_t>(row);
    const Encoding expected =
        tokenizer().encode(made.first[i], made.second[i], {.max_length = kMaxLength});
    if (!std::ranges::equal(found.input_ids(row), expected.input_ids) ||
        !std::ranges::equal(found.token_type_ids(row), expected.token_type_ids)) {
      return concat("row ", row, " has other tokens than encode() gives");
    }
  }
  return "";
}

constexpr int64_t kBatch = 16;

template <class Take>
void for_each_batch(const Take& take) {
  static const std::vector<int64_t> order = in_order();
  for (int64_t row = 0; row + kBatch <= kRows; row += kBatch) {
    take(pack(tokens(), nullptr, std::span(order).subspan(static_cast<std::size_t>(row), kBatch)));
  }
}

std::string check_batches() {
  std::string wrong;
  int64_t row = 0;
  for_each_batch([&](const PackedBatch& batch) {
    for (std::size_t s = 0; s < kBatch; ++s, ++row) {
      const auto first = static_cast<std::size_t>(batch.offsets[s]);
      const auto length = static_cast<std::size_t>(batch.offsets[s + 1]) - first;
      if (!std::ranges::equal(std::span(batch.input_ids).subspan(first, length),
                              tokens().input_ids(row))) {
        wrong = concat("row ", row, " has other tokens in its batch");
      }
    }
  });
  return wrong;
}

// ---- the suite ----

void add_reader(const char* name, const char* file, const MadeRows& (*made)(),
                std::string (*as_text)(const MadeRows&)) {
  add(name, Threads::kOneAndAll, [=] {
    const std::string path = directory().file(file), text = as_text(made());
    write_file(path, text);
    return Work{[=] { return difference(read_table(path), made(), in_order()); },
                [=] { read_table(path); },
                {.bytes = static_cast<double>(text.size()), .items = items(), .of_what = "rows/s"}};
  });
}

void add_arrow() {
  const std::string path = directory().file("written.arrow");
  // Durable when it is done: what the disk takes is in it.
  add("arrow/write", Threads::kOne, [=] {
    return Work{[=] {
                  write_arrow(path, table());
                  return difference(open_arrow(path).table, rows_with_quotes(), in_order());
                },
                [=] { write_arrow(path, table()); },
                {.bytes = 2 * table_bytes(), .items = items(), .of_what = "rows/s"}};
  });
  // It reads the offsets of texts, and nothing else.
  add("arrow/open", Threads::kOneAndAll, [=] {
    write_arrow(path, table());
    return Work{[=] { return difference(open_arrow(path).table, rows_with_quotes(), in_order()); },
                [=] { open_arrow(path); },
                {.bytes = 2 * 4 * items(), .items = items(), .of_what = "rows/s"}};
  });
}

void add_operations() {
  const auto cost = [] {
    return Cost{.bytes = 2 * table_bytes(), .items = items(), .of_what = "rows/s"};
  };
  add("rows/take_at_random", Threads::kOne, [=] {
    Random random(1);
    const auto order =
        std::make_shared<const std::vector<int64_t>>(random_permutation(kRows, random));
    return Work{
        [=] { return difference(mapped_table().select(*order), rows_with_quotes(), *order); },
        [=] { mapped_table().select(*order); }, cost()};
  });
  add("rows/shuffle", Threads::kOneAndAll, [=] {
    return Work{check_shuffle, [] { shuffle(mapped_table(), 1); }, cost()};
  });
  add("rows/sort", Threads::kOneAndAll, [=] { return Work{check_sort, [] { sorted(); }, cost()}; });
}

void add_tokens() {
  const auto map = [] {
    return tokenize_columns(tokenizer(), mapped_table().column("sentence1"),
                            &mapped_table().column("sentence2"), {.max_length = kMaxLength});
  };
  // Ids and types are written: 5 bytes a token.
  const auto cost = [] {
    const double made = 5 * static_cast<double>(tokens().tokens());
    return Cost{.bytes = table_bytes() + made, .items = items(), .of_what = "rows/s"};
  };
  add("map/tokenize_pairs", Threads::kOneAndAll, [=] {
    return Work{[=] { return check_tokens(map()); }, [=] { map(); }, cost()};
  });
  // 5 bytes a token read, 12 written.
  add("batches/in_order", Threads::kOne, [] {
    const double bytes = (5 + 12) * static_cast<double>(tokens().tokens());
    return Work{check_batches,
                [] { for_each_batch([](const PackedBatch&) {}); },
                {.bytes = bytes, .items = items(), .of_what = "rows/s"}};
  });
}

}  // namespace
}  // namespace lathe::bench

int main(int argc, char** argv) {
  using namespace lathe::bench;
  namespace testing = lathe::testing;
  add_reader("read/csv", "made.csv", rows_with_quotes, testing::as_csv);
  add_reader("read/tsv", "made.tsv", rows, testing::as_tsv);
  add_reader("read/json_lines", "made.jsonl", rows_with_quotes, testing::as_json_lines);
  add_arrow();
  add_operations();
  add_tokens();
  return run_suite(argc, argv);
}
