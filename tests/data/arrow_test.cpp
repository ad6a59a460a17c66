// Arrow IPC: what other programs wrote (tests/golden/arrow), what Lathe writes, and what is
// damaged.
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

#include "base/file.h"
#include "base/json.h"
#include "data/arrow_reader.h"
#include "data/arrow_writer.h"
#include "data/dataset_directory.h"
#include "data/labels.h"
#include "tests/data/table_testing.h"
#include "tests/temporary_directory.h"

namespace lathe {
namespace {

using testing::error_of;
using testing::shown;
using Strings = std::vector<std::string>;

constexpr const char* kGolden = "tests/golden/arrow/";

void expect_same(const Table& a, const Table& b) {
  ASSERT_EQ(a.column_names(), b.column_names());
  ASSERT_EQ(a.rows(), b.rows());
  for (std::size_t i = 0; i < a.columns().size(); ++i) {
    EXPECT_EQ(a.columns()[i].type_name(), b.columns()[i].type_name()) << a.columns()[i].name();
    EXPECT_EQ(a.columns()[i].null_count(), b.columns()[i].null_count()) << a.columns()[i].name();
    EXPECT_EQ(shown(a.columns()[i]), shown(b.columns()[i])) << a.columns()[i].name();
  }
}

Strings strings(const Json& json) {
  Strings texts;
  for (const Json& text : json.as_array()) texts.push_back(text.as_string());
  return texts;
}

TEST(Arrow, ReadsWhatOtherProgramsWrite) {
  const Json expected = read_json_file(std::string(kGolden) + "expected.json");
  for (const auto& [file, columns] : expected.as_object()) {
    SCOPED_TRACE(file);
    const Table table = open_dataset(kGolden + file, {.skip_others = true}).table;
    for (const auto& [name, column] : columns.as_object()) {
      SCOPED_TRACE(name);
      EXPECT_EQ(table.column(name).type_name(), column.find("type")->as_string());
      EXPECT_EQ(shown(table.column(name)), strings(*column.find("values")));
    }
    EXPECT_EQ(table.columns().size(), columns.as_object().size());
  }
}

TEST(Arrow, ColumnsLieInTheChunksOfTheirRecordBatches) {
  const ArrowFile file = open_arrow(std::string(kGolden) + "types_file.arrow");
  EXPECT_EQ(file.record_batches, 3);
  EXPECT_FALSE(file.is_stream);
  const Column& column = file.table.column("li");
  EXPECT_EQ(column.chunks().size(), 3U);
  EXPECT_EQ(column.elements().values<int32_t>(column.list(5)).size(), 3U);
  EXPECT_EQ(column.elements().values<int32_t>(column.list(5))[2], 6);
  EXPECT_EQ(shown(column.slice(3, 9)), (Strings{"[null]", "[3]", "[4, 5, 6]", "[]", "[]", "[7]"}));
  EXPECT_EQ(column.slice(2, 4).null_count(), 1);
  EXPECT_EQ(shown(gather(column, {9, 5, 0})), (Strings{"null", "[4, 5, 6]", "[1, 2]"}));
  EXPECT_EQ(column.where(8), std::string(kGolden) + "types_file.arrow: row 9, column \"li\"");
}

TEST(Arrow, ReadsTheLabelsOfDatasets) {
  const Table table = read_table(std::string(kGolden) + "dict/train");
  ASSERT_NE(table.column("label").labels(), nullptr);
  EXPECT_EQ(table.column("label").labels()->names(), (Strings{"negative", "positive"}));
  EXPECT_EQ(LabelNames::from_column(table.column("label")).names(),
            (Strings{"negative", "positive"}));
  EXPECT_EQ(error_of([&] {
              class_targets(table.column("label"), LabelNames({"positive", "negative"}));
            }),
            std::string(kGolden) + "dict/train: row 5, column \"label\": the label is missing");
  const Column known = table.column("label").slice(0, 4);
  // By name, whatever the order of the names elsewhere.
  EXPECT_EQ(class_targets(known, LabelNames({"positive", "negative"})).classes,
            (std::vector<int32_t>{0, 1, 0, 0}));
  EXPECT_TRUE(LabelNames::all_missing(table.column("label").slice(4, 5)));
  EXPECT_FALSE(LabelNames::all_missing(table.column("label")));
  EXPECT_EQ(error_of([] { read_table(std::string(kGolden) + "dict"); }),
            std::string(kGolden) +
                "dict: holds the splits \"train\", \"test\"; name one of them, " + kGolden +
                "dict/train");
}

TEST(Arrow, RefusesTypesThatItDoesNotHold) {
  const std::string path = std::string(kGolden) + "struct.arrow";
  EXPECT_EQ(error_of([&] { open_arrow(path); }),
            path +
                ": column \"answers\" (struct) is of a type that Lathe does not hold: numbers, "
                "booleans, texts and lists of them");
  EXPECT_EQ(open_arrow(path, {.skip_others = true}).left_out, (Strings{"\"answers\" (struct)"}));
}

TEST(Arrow, WritesWhatItReads) {
  const testing::TemporaryDirectory directory;
  for (const char* name : {"types_file.arrow", "other.arrow", "empty.arrow", "dataset"}) {
    SCOPED_TRACE(name);
    const Table table = open_dataset(std::string(kGolden) + name).table;
    for (const ArrowFormat format : {ArrowFormat::kFile, ArrowFormat::kStream}) {
      for (const int64_t rows : {1, 3, 7, 1000}) {
        const std::string path = directory.file("out.arrow");
        write_arrow(path, table, {.format = format, .rows_per_batch = rows});
        const ArrowFile back = open_arrow(path, {.verify_checksums = true});
        EXPECT_EQ(back.is_stream, format == ArrowFormat::kStream);
        EXPECT_EQ(back.record_batches, (table.rows() + rows - 1) / rows);
        expect_same(back.table, table);
      }
    }
    // A slice begins in the middle of bytes of bitmaps and of lists.
    if (table.rows() < 3) continue;
    std::vector<Column> columns;
    for (const Column& column : table.columns()) columns.push_back(column.slice(3, table.rows()));
    const Table slice(std::move(columns));
    write_arrow(directory.file("slice.arrow"), slice);
    expect_same(open_arrow(directory.file("slice.arrow")).table, slice);
  }
}

TEST(Arrow, LargeBuffersBeginOnPages) {
  const testing::TemporaryDirectory directory;
  std::string lines;
  for (int i = 0; i < 40000; ++i) lines += "line number " + std::to_string(i) + "\n";
  const Table table = parse_table(lines, "t.txt");
  write_arrow(directory.file("t.arrow"), table);
  const Table back = open_arrow(directory.file("t.arrow"), {.verify_checksums = true}).table;
  expect_same(back, table);
  const Column::Chunk& chunk = back.column("text").chunks().front();
  EXPECT_EQ(reinterpret_cast<std::uintptr_t>(chunk.values.data()) % 4096, 0U);
  EXPECT_EQ(reinterpret_cast<std::uintptr_t>(chunk.offsets.data()) % 4096, 0U);
}

TEST(Arrow, KeepsLabels) {
  const testing::TemporaryDirectory directory;
  const Table table = open_dataset(std::string(kGolden) + "dataset").table;
  write_arrow(directory.file("t.arrow"), table);
  const Table back = open_arrow(directory.file("t.arrow")).table;
  ASSERT_NE(back.column("label").labels(), nullptr);
  EXPECT_EQ(back.column("label").labels()->names(), (Strings{"negative", "positive"}));
  EXPECT_EQ(back.column("text").labels(), nullptr);
}

TEST(Arrow, WritesSomeRowsAtATime) {
  const testing::TemporaryDirectory directory;
  const Table table = open_dataset(std::string(kGolden) + "types_file.arrow").table;
  ArrowWriter writer(directory.file("t.arrow"), table);
  writer.write(table);
  writer.write(table);
  EXPECT_FALSE(file_exists(directory.file("t.arrow")));  // not before commit
  writer.commit();
  EXPECT_EQ(open_arrow(directory.file("t.arrow")).table.rows(), 20);
  EXPECT_EQ(error_of([&] { writer.write(read_table(std::string(kGolden) + "dataset")); }),
            "3 columns, 17 are being written");
}

TEST(Arrow, SavesDirectoriesAndReplacesOnlyDatasets) {
  const testing::TemporaryDirectory directory;
  const Table table = open_dataset(std::string(kGolden) + "dataset").table;
  const std::string path = directory.file("saved");
  save_dataset(path, table);
  expect_same(open_dataset(path).table, table);
  save_dataset_dict(path, {{"train", table}, {"test", table}});  // in the place of the other
  EXPECT_EQ(split_names(path), (Strings{"train", "test"}));
  EXPECT_FALSE(is_dataset_directory(path));
  expect_same(open_dataset(path + "/test", {.verify_checksums = true}).table, table);
  std::filesystem::create_directory(directory.file("mine"));
  write_file(directory.file("mine/notes.txt"), "mine");
  EXPECT_EQ(
      error_of([&] { save_dataset(directory.file("mine"), table); }),
      directory.file("mine") + ": holds something other than a dataset, which is not overwritten");
  EXPECT_EQ(testing::files_in(directory.path()).size(), 2U);  // no temporary directory is left
}

// Each bit of a small file, one after another: the checksum, or the structure, tells every one.
TEST(Arrow, AFlippedBitIsFound) {
  const testing::TemporaryDirectory directory;
  const Table table = open_dataset(std::string(kGolden) + "dict/test").table;
  for (const ArrowFormat format : {ArrowFormat::kFile, ArrowFormat::kStream}) {
    write_arrow(directory.file("t.arrow"), table, {.format = format});
    const std::string whole = read_file(directory.file("t.arrow"));
    const auto verify = [&](const std::string& bytes) {
      parse_arrow(SharedBytes::of(std::vector<char>(bytes.begin(), bytes.end())), "t.arrow",
                  {.verify_checksums = true});
    };
    verify(whole);
    for (std::size_t bit = 0; bit < 8 * whole.size(); ++bit) {
      std::string damaged = whole;
      damaged[bit / 8] = static_cast<char>(damaged[bit / 8] ^ 1 << bit % 8);
      EXPECT_ANY_THROW(verify(damaged)) << "byte " << bit / 8 << " of " << whole.size();
    }
    for (std::size_t size = 0; size < whole.size(); ++size) {
      EXPECT_ANY_THROW(verify(whole.substr(0, size))) << size << " of " << whole.size();
    }
  }
}

}  // namespace
}  // namespace lathe
