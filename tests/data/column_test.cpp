#include "data/column.h"

#include <gtest/gtest.h>

#include "data/column_builder.h"
#include "data/files.h"
#include "data/table.h"
#include "tests/data/table_testing.h"
#include "tests/temporary_directory.h"

namespace lathe {
namespace {

using testing::error_of;
using testing::shown;

using Strings = std::vector<std::string>;

Column texts(const Strings& values, const std::string& name = "x") {
  TextBuilder builder;
  for (const std::string& value : values) builder.append(value);
  return builder.finish(name);
}

Column integers(const std::vector<int64_t>& values, const std::string& name = "x") {
  NumberBuilder<int64_t> builder;
  for (const int64_t value : values) builder.append(value);
  return builder.finish(name);
}

// The bytes that pyarrow.array(["ab", None, "", "c"]).buffers() holds.
TEST(Column, TextsHaveArrowsLayout) {
  TextBuilder builder;
  builder.append("ab");
  builder.append_null();
  builder.append("");
  builder.append("c");
  const Column column = builder.finish("x");
  EXPECT_EQ(column.type(), ColumnType::kUtf8);
  EXPECT_EQ(column.null_count(), 1);
  const Column::Chunk& buffers = column.chunks()[0];
  EXPECT_EQ(buffers.validity.as<uint8_t>()[0], 0b1101);
  EXPECT_EQ(std::vector<int32_t>(buffers.offsets.as<int32_t>(), buffers.offsets.as<int32_t>() + 5),
            (std::vector<int32_t>{0, 2, 2, 2, 3}));
  EXPECT_EQ(std::string(buffers.values.as<char>(), 3), "abc");
  EXPECT_EQ(shown(column), (Strings{"ab", "null", "", "c"}));
}

TEST(Column, BooleansAreBitsFromTheLeastSignificant) {
  BoolBuilder builder;
  for (const bool value : {true, false, false, true, true, false, false, false, true}) {
    builder.append(value);
  }
  const Column column = builder.finish("x");
  EXPECT_EQ(column.chunks()[0].values.size(), 2);
  EXPECT_EQ(column.chunks()[0].values.as<uint8_t>()[0], 0b00011001);
  EXPECT_EQ(column.chunks()[0].values.as<uint8_t>()[1], 1);
  EXPECT_TRUE(column.chunks()[0].validity.empty());
  EXPECT_EQ(column.integer(8), 1);
  EXPECT_EQ(column.number(1), 0.0);
}

// Nulls at every place around the byte boundaries of the bitmap, which is only begun at the first
// of them.
TEST(Column, NullsStandWhereTheyWerePut) {
  for (int64_t size = 1; size < 40; ++size) {
    for (int64_t null = 0; null < size; ++null) {
      NumberBuilder<int64_t> builder;
      for (int64_t row = 0; row < size; ++row) {
        if (row == null || row == null + 9) {
          builder.append_null();
        } else {
          builder.append(row);
        }
      }
      const Column column = builder.finish("x");
      for (int64_t row = 0; row < size; ++row) {
        ASSERT_EQ(column.is_null(row), row == null || row == null + 9) << size << " " << null;
      }
    }
  }
}

TEST(Column, LargeTextsAreReadThrough64BitOffsets) {
  Column::Buffers buffers;
  buffers.offsets = SharedBytes::of(std::vector<int64_t>{0, 1, 3});
  buffers.values = SharedBytes::of(std::vector<char>{'a', 'b', 'c'});
  const Column column("x", ColumnType::kLargeUtf8, 2, 0, buffers);
  EXPECT_EQ(shown(column), (Strings{"a", "bc"}));
  EXPECT_EQ(shown(gather(column, {1, 0, 1})), (Strings{"bc", "a", "bc"}));
}

TEST(Column, CopiesShareTheirBytesAndOutliveTheOriginal) {
  auto original = std::make_unique<Column>(texts({"one", "two"}));
  const Column copy = original->renamed("y").with_source("f.csv");
  const void* bytes = original->chunks()[0].values.data();
  original.reset();
  EXPECT_EQ(copy.chunks()[0].values.data(), bytes);
  EXPECT_EQ(copy.text(1), "two");
  EXPECT_EQ(copy.where(1), "f.csv: row 2, column \"y\"");
}

TEST(Column, RefusesValuesOfAnotherType) {
  EXPECT_EQ(error_of([] { texts({"1"}).integer(0); }),
            "column \"x\" holds utf8, integers are needed");
  EXPECT_EQ(error_of([] { texts({"1"}).with_source("f.csv").number(0); }),
            "f.csv: column \"x\" holds utf8, numbers are needed");
  error_of([] { integers({1}).text(0); });
  error_of([] { integers({1}).boolean(0); });
  error_of([] { integers({1}).list(0); });
  error_of([] { integers({1}).elements(); });
}

TEST(Column, RefusesBuffersThatAreTooSmall) {
  const auto values = SharedBytes::of(std::vector<int64_t>{1, 2});
  const auto offsets = SharedBytes::of(std::vector<int32_t>{0, 1, 17});
  error_of([&] { Column("x", ColumnType::kInt64, 3, 0, {{}, {}, values, nullptr}); });
  error_of([&] { Column("x", ColumnType::kInt64, 2, 1, {{}, {}, values, nullptr}); });
  error_of([&] { Column("x", ColumnType::kInt64, -1, 0, {{}, {}, values, nullptr}); });
  error_of([&] { Column("x", ColumnType::kUtf8, 3, 0, {{}, offsets, values, nullptr}); });
  error_of([&] { Column("x", ColumnType::kUtf8, 2, 0, {{}, offsets, values, nullptr}); });
  error_of([&] { Column("x", ColumnType::kList, 2, 0, {{}, offsets, {}, nullptr}); });
  const auto elements = std::make_shared<const Column>(integers({1, 2}));
  error_of([&] { Column("x", ColumnType::kList, 2, 0, {{}, offsets, {}, elements}); });
  EXPECT_EQ(Column("x", ColumnType::kUtf8, 0, 0, {}).size(), 0);
}

TEST(Table, FindsColumnsByName) {
  const Table table({texts({"a"}, "sentence1"), texts({"b"}, "sentence2"), integers({1}, "label")},
                    "f.csv");
  EXPECT_EQ(table.rows(), 1);
  EXPECT_EQ(table.column("label").integer(0), 1);
  EXPECT_EQ(table.find("lable"), nullptr);
  EXPECT_EQ(error_of([&] { table.column("lable"); }),
            "f.csv: no column \"lable\", did you mean \"label\"? "
            "(columns: \"sentence1\", \"sentence2\", \"label\")");
  EXPECT_EQ(error_of([&] { table.column("a very different one"); }),
            "f.csv: no column \"a very different one\" (columns: \"sentence1\", \"sentence2\", "
            "\"label\")");
}

TEST(Table, RefusesColumnsThatDoNotFitTogether) {
  EXPECT_EQ(error_of([] { Table({texts({"a"}), texts({"b"})}); }), "two columns are named \"x\"");
  EXPECT_EQ(error_of([] {
              Table({texts({"a"}, "y"), texts({"b", "c"})}, "f.csv");
            }),
            "f.csv: column \"x\" has 2 rows, column \"y\" has 1");
}

TEST(Table, SelectsRowsOfEveryType) {
  const Table table = parse_table(
      "{\"b\": true,  \"i\": 1,    \"f\": 0.5,  \"t\": \"x\", \"l\": [1, 2]}\n"
      "{\"b\": null,  \"i\": null, \"f\": null, \"t\": null,  \"l\": null}\n"
      "{\"b\": false, \"i\": 3,    \"f\": 2.5,  \"t\": \"\",  \"l\": [null]}\n",
      "t.jsonl");
  const Table selected = table.select({2, 1, 0, 2});
  EXPECT_EQ(shown(selected.column("b")), (Strings{"false", "null", "true", "false"}));
  EXPECT_EQ(shown(selected.column("i")), (Strings{"3", "null", "1", "3"}));
  EXPECT_EQ(shown(selected.column("f")), (Strings{"2.5", "null", "0.5", "2.5"}));
  EXPECT_EQ(shown(selected.column("t")), (Strings{"", "null", "x", ""}));
  EXPECT_EQ(shown(selected.column("l")), (Strings{"[null]", "null", "[1, 2]", "[null]"}));
  EXPECT_EQ(selected.column("b").source(), "");  // row i is no longer row i of the file
  EXPECT_EQ(table.select({0, 1}).column("b").source(), "t.jsonl");  // here it is
  EXPECT_EQ(table.select({}).rows(), 0);
  EXPECT_EQ(error_of([&] { table.select({0, 3}); }), "column \"b\" has no row 3: it has 3 rows");
  error_of([&] { table.select({-1}); });
}

TEST(Reader, KnowsFilesByExtension) {
  EXPECT_EQ(error_of([] { parse_table("x", "a.b/data.parquet"); }),
            "a.b/data.parquet: unknown extension \".parquet\" (known: " +
                std::string(kKnownExtensions) + ")");
  EXPECT_EQ(error_of([] { read_table("a.csv/data"); }),
            "a.csv/data: no extension (known: " + std::string(kKnownExtensions) + ")");
  EXPECT_EQ(parse_table("a\nx\n", "A.CSV").rows(), 1);
  error_of([] { read_table("no/such/file.csv"); });
}

TEST(Reader, TextIsAnExampleALine) {
  const Table table = parse_table("\xEF\xBB\xBFone\r\n\n1\n\"two\", three", "t.txt");
  EXPECT_EQ(table.column_names(), (Strings{"text"}));
  EXPECT_EQ(shown(table.column("text")), (Strings{"one", "", "1", "\"two\", three"}));
  EXPECT_EQ(parse_table("\n", "t.txt").rows(), 1);
}

}  // namespace
}  // namespace lathe
