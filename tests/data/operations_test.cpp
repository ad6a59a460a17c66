// Operations on tables. Expected values that are not obvious are what Datasets 5.2 gives.
#include "data/operations.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <numeric>

#include "base/file.h"
#include "data/cast.h"
#include "data/column_builder.h"
#include "data/export.h"
#include "tests/data/table_testing.h"
#include "tests/temporary_directory.h"

namespace lathe {
namespace {

using testing::error_of;
using testing::shown;
using Strings = std::vector<std::string>;

Table people() {
  return parse_table(
      "{\"i\": 3, \"t\": \"b\", \"f\": 0.5}\n{\"i\": 1, \"t\": \"a\", \"f\": 8.5}\n"
      "{\"i\": null, \"t\": \"c\", \"f\": -1.0}\n{\"i\": 2, \"t\": null, \"f\": null}\n"
      "{\"i\": 1, \"t\": \"é\", \"f\": 2.0}\n",
      "t.jsonl");
}

// Column x: begin … begin + rows - 1.
Table numbers(int64_t begin, int64_t rows) {
  std::string lines = "x\n";
  for (int64_t i = 0; i < rows; ++i) lines += std::to_string(begin + i) + "\n";
  return parse_table(lines, "n.csv");
}

std::vector<int64_t> xs(const Table& table) {
  std::vector<int64_t> values;
  for (int64_t row = 0; row < table.rows(); ++row) {
    values.push_back(table.column("x").integer(row));
  }
  return values;
}

using Ints = std::vector<int64_t>;

TEST(Operations, ColumnsAreChosenRenamedAndReplaced) {
  const Table table = people();
  EXPECT_EQ(select_columns(table, {"t", "i"}).column_names(), (Strings{"t", "i"}));
  EXPECT_EQ(remove_columns(table, {"t"}).column_names(), (Strings{"i", "f"}));
  EXPECT_EQ(rename_column(table, "t", "text").column_names(), (Strings{"i", "text", "f"}));
  EXPECT_EQ(error_of([&] { rename_column(table, "t", "i"); }),
            "t.jsonl: two columns are named \"i\"");
  EXPECT_EQ(error_of([&] { remove_columns(table, {"tt"}); }),
            "t.jsonl: no column \"tt\", did you mean \"t\"? (columns: \"i\", \"t\", \"f\")");
  const Table cast = cast_column(table, "i", ColumnType::kInt8);
  EXPECT_EQ(cast.column_names(), table.column_names());
  EXPECT_EQ(cast.column("i").type(), ColumnType::kInt8);
  EXPECT_EQ(shown(cast.column("i")), (Strings{"3", "1", "null", "2", "1"}));
  EXPECT_EQ(table.column("i").type(), ColumnType::kInt64);  // the old one is as it was
  EXPECT_EQ(concatenate_columns({select_columns(table, {"i"}), select_columns(table, {"f"})})
                .column_names(),
            (Strings{"i", "f"}));
}

TEST(Operations, CastsRefuseValuesThatDoNotFit) {
  const Table table = parse_table("{\"i\": 300, \"f\": 1.5}\n{\"i\": -1, \"f\": 2.0}\n", "t.jsonl");
  EXPECT_EQ(error_of([&] { cast_column(table, "i", ColumnType::kUint8); }),
            "t.jsonl: row 1, column \"i\": 300 is not a value of type uint8");
  EXPECT_EQ(error_of([&] { cast_column(slice(table, 1, 2), "i", ColumnType::kUint64); }),
            "row 1, column \"i\": -1 is not a value of type uint64");
  EXPECT_EQ(error_of([&] { cast_column(table, "f", ColumnType::kInt32); }),
            "t.jsonl: row 1, column \"f\": 1.5 is not a value of type int32");
  EXPECT_EQ(shown(cast_column(table, "f", ColumnType::kFloat32).column("f")),
            (Strings{"1.5", "2"}));
  EXPECT_EQ(shown(cast_column(table, "i", ColumnType::kBool).column("i")),
            (Strings{"true", "true"}));
  const Table large = parse_table("x\n9007199254740993\n", "t.csv");
  EXPECT_EQ(error_of([&] { cast_column(large, "x", ColumnType::kFloat64); }),
            "t.csv: row 1, column \"x\": 9007199254740993 is not a value of type float64");
  const Table huge = parse_table("x\n18446744073709551615\n", "t.csv");  // text: beyond int64
  EXPECT_EQ(shown(cast_column(huge, "x", ColumnType::kUint64).column("x")),
            (Strings{"18446744073709551615"}));
}

TEST(Operations, ClassesAreEncodedByTheirSortedNames) {
  const Table table =
      parse_table("{\"l\": 10}\n{\"l\": 2}\n{\"l\": null}\n{\"l\": 10}\n{\"l\": 1}\n", "t.jsonl");
  const Column encoded = class_encode_column(table, "l").column("l");
  EXPECT_EQ(encoded.labels()->names(), (Strings{"1", "10", "2"}));
  EXPECT_EQ(shown(encoded), (Strings{"1", "2", "null", "1", "0"}));
  const Table named =
      cast_to_labels(parse_table("l\nno\nyes\n", "t.csv"), "l", LabelNames({"yes", "no"}));
  EXPECT_EQ(shown(named.column("l")), (Strings{"1", "0"}));
  EXPECT_EQ(error_of([&] {
              cast_to_labels(table, "l", LabelNames({"a", "b"}));
            }),
            "t.jsonl: row 1, column \"l\": 10 is none of the 2 labels");
}

TEST(Operations, RowsAreSlicedShardedAndChained) {
  const Table table = numbers(0, 7);
  EXPECT_EQ(xs(slice(table, 2, 5)), (Ints{2, 3, 4}));
  EXPECT_EQ(xs(shard(table, 3, 0)), (Ints{0, 1, 2}));
  EXPECT_EQ(xs(shard(table, 3, 1)), (Ints{3, 4}));
  EXPECT_EQ(xs(shard(table, 3, 2)), (Ints{5, 6}));
  EXPECT_EQ(xs(shard(table, 3, 1, /*contiguous=*/false)), (Ints{1, 4}));
  EXPECT_EQ(error_of([&] { shard(table, 3, 3); }), "part 3 of 3: parts count from 0");
  const Table chained = concatenate({slice(table, 5, 7), table, slice(table, 0, 0)});
  EXPECT_EQ(xs(chained), (Ints{5, 6, 0, 1, 2, 3, 4, 5, 6}));
  EXPECT_EQ(chained.column("x").chunks().size(), 2U);
  EXPECT_EQ(error_of([&] {
              concatenate({table, people()});
            }),
            "t.jsonl: columns \"i\", \"t\", \"f\", in the first table \"x\"");
}

TEST(Operations, ShufflesToMemoryAndToAFileAlike) {
  const testing::TemporaryDirectory directory;
  const Table table = numbers(0, 20000);
  const Table shuffled = shuffle(table, 1);
  Ints values = xs(shuffled);
  EXPECT_NE(values, xs(table));
  EXPECT_EQ(values, xs(shuffle(table, 1)));
  EXPECT_NE(values, xs(shuffle(table, 2)));
  EXPECT_EQ(values, xs(shuffle(table, 1, directory.file("s.arrow"))));
  std::sort(values.begin(), values.end());
  EXPECT_EQ(values, xs(table));
}

TEST(Operations, SortsWithNullsAtTheEnd) {
  const Table table = people();
  const auto texts = [&](const std::vector<SortKey>& keys) {
    return shown(sort(table, keys).column("t"));
  };
  EXPECT_EQ(texts({{"i"}}), (Strings{"a", "é", "null", "b", "c"}));
  EXPECT_EQ(texts({{"i", true}}), (Strings{"b", "null", "a", "é", "c"}));
  EXPECT_EQ(texts({{"t"}}), (Strings{"a", "b", "c", "é", "null"}));
  EXPECT_EQ(texts({{"i"}, {"t", true}}), (Strings{"é", "a", "null", "b", "c"}));
  EXPECT_EQ(texts({{"f", true}}), (Strings{"a", "é", "b", "c", "null"}));
}

TEST(Operations, UniqueKeepsTheFirstOfEach) {
  EXPECT_EQ(shown(unique(people().column("i"))), (Strings{"3", "1", "null", "2"}));
}

TEST(Operations, Interleaves) {
  const std::vector<Table> tables = {numbers(0, 3), numbers(10, 4), numbers(20, 2)};
  EXPECT_EQ(xs(interleave(tables)), (Ints{0, 10, 20, 1, 11, 21}));
  EXPECT_EQ(xs(interleave(tables, {.until_all_are_exhausted = true})),
            (Ints{0, 10, 20, 1, 11, 21, 2, 12, 20, 0, 13, 21}));
  const Ints drawn =
      xs(interleave({numbers(0, 1000), numbers(1000, 1000)}, {.probabilities = {0.9, 0.1}}));
  const auto first = std::count_if(drawn.begin(), drawn.end(), [](int64_t x) { return x < 1000; });
  EXPECT_EQ(first, 1000);  // it is exhausted first
  EXPECT_NEAR(static_cast<double>(drawn.size()) - 1000.0, 111.0, 45.0);
  EXPECT_EQ(error_of([&] { interleave(tables, {.probabilities = {1.0}}); }),
            "1 probabilities for 3 tables");
}

TEST(Operations, SplitsIntoTrainAndTest) {
  const Table table = numbers(0, 10);
  const TrainTest ordered = train_test_split(table, {.shuffle = false});
  EXPECT_EQ(xs(ordered.train), (Ints{0, 1, 2, 3, 4, 5, 6}));
  EXPECT_EQ(xs(ordered.test), (Ints{7, 8, 9}));
  const TrainTest mixed = train_test_split(table, {.test_rows = 4, .seed = 3});
  Ints all = xs(mixed.train);
  EXPECT_EQ(all.size(), 6U);
  for (const int64_t x : xs(mixed.test)) all.push_back(x);
  std::sort(all.begin(), all.end());
  EXPECT_EQ(all, xs(table));
  EXPECT_EQ(error_of([&] { train_test_split(table, {.test_fraction = 1.0}); }),
            "a test part of 10 of 10 rows: both parts need at least one");
}

TEST(Operations, AStratifiedSplitKeepsTheShares) {
  std::string lines = "l\n";
  for (int i = 0; i < 18; ++i) lines += i < 10 ? "a\n" : i < 15 ? "b\n" : "c\n";
  const Table table = class_encode_column(parse_table(lines, "t.csv"), "l");
  const auto counts = [](const Table& part) {
    std::map<int64_t, int64_t> result;
    for (int64_t row = 0; row < part.rows(); ++row) ++result[part.column("l").integer(row)];
    return result;
  };
  using Counts = std::map<int64_t, int64_t>;
  const TrainTest quarter = train_test_split(table, {.stratify_by_column = "l"});
  EXPECT_EQ(counts(quarter.train), (Counts{{0, 7}, {1, 4}, {2, 2}}));
  EXPECT_EQ(counts(quarter.test), (Counts{{0, 3}, {1, 1}, {2, 1}}));
  const TrainTest four = train_test_split(table, {.test_rows = 4, .stratify_by_column = "l"});
  EXPECT_EQ(counts(four.test), (Counts{{0, 2}, {1, 1}, {2, 1}}));
  ASSERT_NE(four.test.column("l").labels(), nullptr);
  EXPECT_EQ(error_of([&] { train_test_split(table, {.test_rows = 2, .stratify_by_column = "l"}); }),
            "t.csv: column \"l\": parts of 16 and 2 rows cannot both hold its 3 values");
}

Column doubled(const Table& batch) {
  std::vector<int64_t> rows;
  for (int64_t row = 0; row < batch.rows(); ++row) rows.insert(rows.end(), 2, row);
  return gather(batch.column("x"), rows);
}

TEST(Operations, MapsBatches) {
  const testing::TemporaryDirectory directory;
  const Table table = numbers(0, 1003);
  const auto add = [](const Table& batch) {
    return Table({cast(batch.column("x"), ColumnType::kUtf8).renamed("text"),
                  cast(batch.column("x"), ColumnType::kFloat64)});
  };
  for (const std::string& output : {std::string(), directory.file("m.arrow")}) {
    const Table mapped = map_batches(table, add, {.batch_size = 10, .output = output});
    EXPECT_EQ(mapped.column_names(), (Strings{"x", "text"}));
    EXPECT_EQ(mapped.column("x").type(), ColumnType::kFloat64);
    EXPECT_EQ(mapped.rows(), 1003);
    for (int64_t row = 0; row < 1003; ++row) {
      ASSERT_EQ(mapped.column("text").text(row), std::to_string(row));
    }
  }
  const Table twice = map_batches(table, [](const Table& batch) { return Table({doubled(batch)}); },
                                  {.batch_size = 100});
  EXPECT_EQ(twice.rows(), 2006);
  EXPECT_EQ(twice.column("x").integer(2005), 1002);
  const auto rename = [](const Table& batch) { return Table({doubled(batch).renamed("y")}); };
  EXPECT_EQ(map_batches(table, rename, {.remove_columns = {"x"}}).column_names(), Strings{"y"});
  EXPECT_EQ(error_of([&] { map_batches(table, rename); }),
            "map: a batch of 1000 rows became one of 2000, but column \"y\" has 2000: columns that "
            "are not made anew must be removed then");
  EXPECT_EQ(error_of([&] {
              map_batches(table,
                          [](const Table& batch) -> Table {
                            fail("batch at ", batch.column("x").integer(0));
                          },
                          {.batch_size = 10});
            }),
            "batch at 0");  // the first, whichever thread failed first
  EXPECT_EQ(map_batches(slice(table, 0, 0), add).column_names(), (Strings{"x", "text"}));
}

TEST(Operations, MapsRowsAndFilters) {
  const Table table = numbers(0, 20000);
  const Table mapped = map_rows(table, [](const Table& rows, int64_t row) {
    const int64_t x = rows.column("x").integer(row);
    Json::Object made{{"half", x % 2 == 0 ? Json(x / 2) : Json(static_cast<double>(x) / 2)}};
    if (x % 3 == 0) made.emplace_back("fizz", "fizz");
    return made;
  });
  EXPECT_EQ(mapped.column_names(), (Strings{"x", "half", "fizz"}));
  EXPECT_EQ(mapped.column("half").number(19999), 9999.5);
  EXPECT_EQ(mapped.column("half").number(4), 2.0);
  EXPECT_EQ(mapped.column("fizz").text(9999), "fizz");
  EXPECT_TRUE(mapped.column("fizz").is_null(10000));
  const Table even = filter(
      table, [](const Table& rows, int64_t row) { return rows.column("x").integer(row) % 2 == 0; });
  EXPECT_EQ(even.rows(), 10000);
  EXPECT_EQ(even.column("x").integer(9999), 19998);
}

TEST(Export, WritesCsvThatIsReadBack) {
  const testing::TemporaryDirectory directory;
  const Table table = parse_table(
      "{\"t\": \"a, \\\"b\\\"\\nc\", \"i\": 1, \"f\": 0.5, \"b\": true, \"l\": [1, null]}\n"
      "{\"t\": \"\", \"i\": null, \"f\": null, \"b\": null, \"l\": null}\n",
      "t.jsonl");
  write_csv(directory.file("t.csv"), table);
  EXPECT_EQ(read_file(directory.file("t.csv")),
            "t,i,f,b,l\n\"a, \"\"b\"\"\nc\",1,0.5,true,\"[1, null]\"\n,,,,\n");
  const Table back = read_table(directory.file("t.csv"));
  for (const char* name : {"t", "i", "f", "b"}) {
    EXPECT_EQ(shown(back.column(name)), shown(table.column(name))) << name;
  }
  write_csv(directory.file("one.csv"), select_columns(table, {"t"}));
  EXPECT_EQ(shown(read_table(directory.file("one.csv")).column("t")), shown(table.column("t")));
}

TEST(Export, WritesJsonLinesThatAreReadBack) {
  const testing::TemporaryDirectory directory;
  const std::string lines =
      "{\"t\": \"a \\\"b\\\"\\n日\", \"i\": 1, \"f\": 0.5, \"b\": true, \"l\": [[1], []]}\n"
      "{\"t\": null, \"i\": null, \"f\": null, \"b\": null, \"l\": null}\n";
  write_json_lines(directory.file("t.jsonl"), parse_table(lines, "t.jsonl"));
  EXPECT_EQ(read_file(directory.file("t.jsonl")), lines);
}

TEST(Export, RefusesTextThatIsNotUtf8) {
  const testing::TemporaryDirectory directory;
  TextBuilder texts;
  for (int i = 0; i < 5000; ++i) texts.append("x");
  texts.append("caf\xE9");
  const Table table({texts.finish("t").with_source("t.arrow")});
  const std::string what = "t.arrow: row 5001, column \"t\": the text is not valid UTF-8";
  EXPECT_EQ(error_of([&] { write_csv(directory.file("t.csv"), table); }), what);
  EXPECT_EQ(error_of([&] { write_json_lines(directory.file("t.jsonl"), table); }), what);
  EXPECT_EQ(directory.entries(), 0);
}

}  // namespace
}  // namespace lathe
