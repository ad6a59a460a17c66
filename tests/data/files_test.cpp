#include "data/files.h"

#include <gtest/gtest.h>

#include <filesystem>

#include "base/file.h"
#include "data/arrow_writer.h"
#include "data/cast.h"
#include "data/dataset_directory.h"
#include "data/labels.h"
#include "data/operations.h"
#include "data/reader.h"
#include "tests/data/table_testing.h"
#include "tests/temporary_directory.h"

namespace lathe {
namespace {

using testing::error_of;
using testing::gzipped;
using testing::shown;
using testing::zstandard;

using Strings = std::vector<std::string>;

class Files : public ::testing::Test {
 protected:
  std::string path(const std::string& name) const { return directory_.file(name); }
  void write(const std::string& name, const std::string& content) const {
    std::filesystem::create_directories(std::filesystem::path(path(name)).parent_path());
    write_file(path(name), content);
  }
  Strings found(const std::string& pattern, const std::string& split = "") const {
    Strings names;
    for (const std::string& file : data_files(path(pattern), split)) {
      names.push_back(file.substr(path("").size()));
    }
    return names;
  }

  testing::TemporaryDirectory directory_;
};

TEST_F(Files, CompressedTextIsReadAsPlain) {
  std::string text = "text,label\n";
  for (int i = 0; i < 5000; ++i) text += "line " + std::to_string(i) + ",yes\n";
  write("a.csv.gz", gzipped(text));
  write("b.csv.zst", zstandard(text));
  write("two.CSV.gz", gzipped(text) + gzipped("more,no\n"));
  write("three.csv.zst", zstandard(text) + zstandard("more,no\n"));
  EXPECT_EQ(read_table(path("a.csv.gz")).column("text").text(4999), "line 4999");
  EXPECT_EQ(read_table(path("b.csv.zst")).rows(), 5000);
  EXPECT_EQ(read_table(path("two.CSV.gz")).column("label").text(5000), "no");
  EXPECT_EQ(read_table(path("three.csv.zst")).column("label").text(5000), "no");
  write("lines.txt.gz", gzipped(std::string(100000, 'x') + "\n"));  // grows while it is unpacked
  EXPECT_EQ(read_table(path("lines.txt.gz")).column("text").text(0).size(), 100000u);
}

TEST_F(Files, DamagedCompressionIsRefused) {
  std::string text = "a\n";
  for (int i = 0; i < 3000; ++i) text += std::to_string(i * 7919) + "\n";
  for (const auto& [name, bytes] : {std::pair<const char*, std::string>{"t.csv.gz", gzipped(text)},
                                    {"t.csv.zst", zstandard(text)}}) {
    const std::string what =
        path(name) + ": not " + (name[6] == 'g' ? "gzip" : "zstd") + ", damaged or cut off";
    for (const std::size_t size :
         {std::size_t{0}, std::size_t{5}, bytes.size() / 2, bytes.size() - 1}) {
      if (size == 0 && name[6] == 'z') continue;  // no frame at all is an empty text
      write(name, bytes.substr(0, size));
      EXPECT_EQ(error_of([&, file = path(name)] { read_table(file); }), what) << size;
    }
    write(name, "a,b\n1,2\n");
    EXPECT_EQ(error_of([&, file = path(name)] { read_table(file); }), what);
  }
}

TEST_F(Files, PatternsNameSeveralFilesInOrder) {
  for (const char* name : {"p-2.csv", "p-1.csv", "p-10.csv", "q.csv"}) write(name, "a\n1\n");
  EXPECT_EQ(found("p-*.csv"), (Strings{"p-1.csv", "p-10.csv", "p-2.csv"}));
  EXPECT_EQ(found("{q,p-?}.csv"), (Strings{"p-1.csv", "p-2.csv", "q.csv"}));
  EXPECT_EQ(found("p-[2-3].csv"), (Strings{"p-2.csv"}));
  EXPECT_EQ(error_of([&] { found("r*.csv"); }), path("r*.csv") + ": no file matches");
  write("[odd].csv", "a\n1\n");
  EXPECT_EQ(found("[odd].csv"), (Strings{"[odd].csv"}));  // a file of that very name
}

TEST_F(Files, SplitsAreToldByNames) {
  for (const char* name : {"d/train-00000-of-00002.csv", "d/train-00001-of-00002.csv", "d/dev.csv",
                           "d/TEST.csv", "d/notes.csv", "d/.hidden.csv", "d/README.md"}) {
    write(name, "a\n1\n");
  }
  EXPECT_EQ(found("d", "train"),
            (Strings{"d/train-00000-of-00002.csv", "d/train-00001-of-00002.csv"}));
  EXPECT_EQ(found("d", "validation"), (Strings{"d/dev.csv"}));
  EXPECT_EQ(found("d", "test"), (Strings{"d/TEST.csv"}));
  EXPECT_EQ(error_of([&] { found("d"); }),
            path("d") +
                ": holds the splits \"train\", \"validation\", \"test\"; name one of them, " +
                path("d/train-00000-of-00002.csv"));
  write("e/train/1.csv", "a\n1\n");
  write("e/valid/1.csv", "a\n1\n");
  EXPECT_EQ(found("e", "validation"), (Strings{"e/valid/1.csv"}));
  EXPECT_EQ(error_of([&] { found("e", "test"); }),
            path("e") + ": has no split \"test\", only \"train\", \"validation\"");
  write("f/b.csv", "a\n1\n");
  write("f/a.jsonl", "{\"a\": 1}\n");
  EXPECT_EQ(found("f", "test"), (Strings{"f/a.jsonl", "f/b.csv"}));
  EXPECT_TRUE(splits_in(path("f")).empty());
  write("g/README.md", "");
  EXPECT_NE(error_of([&] { found("g"); }).find("holds no file of data"), std::string::npos);
  const Table table = parse_table("a\n1\n", "t.csv");
  save_dataset_dict(path("dict"), {{"train", table}, {"dev", table}});
  EXPECT_EQ(found("dict", "validation"), (Strings{"dict/dev"}));
  EXPECT_EQ(read_table(path("dict"), {.split = "train"}).rows(), 1);
}

TEST(SplitOfName, NeedsAWholeWord) {
  EXPECT_EQ(split_of_name("my_train2.csv"), "train");
  EXPECT_EQ(split_of_name("trainer.csv"), "");
  EXPECT_EQ(split_of_name("Val-1.tsv"), "validation");
  EXPECT_EQ(split_of_name("evaluation.jsonl"), "test");
}

TEST_F(Files, TypesAreThoseOfAllFilesTogether) {
  write("1.csv", "i,f,t,e,n\n1,1,1,,\n");
  write("2.csv", "f,i,t,e,n\n9007199254740993,2,x,,5\n");
  write("3.csv", "i,f,t,e,n\n3,0.5,08,,6\n");
  const Table table = read_table(path("?.csv"));
  EXPECT_EQ(table.column_names(), (Strings{"i", "f", "t", "e", "n"}));
  EXPECT_EQ(shown(table.column("i")), (Strings{"1", "2", "3"}));
  EXPECT_EQ(table.column("i").type(), ColumnType::kInt64);
  EXPECT_EQ(table.column("f").type(), ColumnType::kFloat64);
  EXPECT_EQ(table.column("f").number(1), 9007199254740992.0);  // as in one file
  EXPECT_EQ(shown(table.column("t")), (Strings{"1", "x", "08"}));
  EXPECT_EQ(shown(table.column("e")), (Strings{"", "", ""}));
  EXPECT_EQ(shown(table.column("n")), (Strings{"null", "5", "6"}));
  EXPECT_EQ(table.column("n").where(1), path("2.csv") + ": row 1, column \"n\"");
  EXPECT_EQ(cast(table.column("n"), ColumnType::kUtf8).where(2),
            path("3.csv") + ": row 1, column \"n\"");
  write("4.csv", "i,f,t,n\n1,1,1,1\n");
  EXPECT_NE(error_of([&] { read_table(path("?.csv")); }).find("4.csv: no column \"e\""),
            std::string::npos);
}

TEST_F(Files, JsonMayLackColumns) {
  write("1.jsonl", "{\"a\": 1, \"l\": [1]}\n{\"a\": 2, \"l\": []}\n");
  write("2.jsonl", "{\"b\": \"x\", \"l\": [0.5, null]}\n");
  write("3.json", "[{\"a\": 2.5, \"b\": null}]");
  const Table table = read_table(path("*.json*"));
  EXPECT_EQ(shown(table.column("a")), (Strings{"1", "2", "null", "2.5"}));
  EXPECT_EQ(shown(table.column("b")), (Strings{"null", "null", "x", "null"}));
  EXPECT_EQ(table.column("l").type_name(), "list<float64>");
  EXPECT_EQ(shown(table.column("l")), (Strings{"[1]", "[]", "[0.5, null]", "null"}));
  write("4.jsonl", "{\"a\": \"text\"}\n");
  EXPECT_EQ(error_of([&] { read_table(path("*.json*")); }),
            path("4.jsonl") + ": column \"a\" holds utf8, in " + path("3.json") + " float64");
}

TEST_F(Files, ArrowFilesAreJoined) {
  const Table table = parse_table("a,t\n1,x\n2,y\n", "t.csv");
  write_arrow(path("1.arrow"), table);
  write_arrow(path("2.arrow"), cast_column(table, "a", ColumnType::kInt16));
  EXPECT_EQ(shown(read_table(path("*.arrow")).column("a")), (Strings{"1", "2", "1", "2"}));
  write_arrow(path("3.arrow"), class_encode_column(table, "a"));
  EXPECT_NE(error_of([&] { read_table(path("*.arrow")); }).find("its labels are not those of"),
            std::string::npos);
}

TEST(ReaderOptions, OfDelimitedText) {
  const Table table = parse_table(
      "1|a,\"b\n2|NA\nNA|\"\n", "t.csv",
      {.delimiter = '|', .quotes = false, .column_names = {"n", "t"}, .null_values = {"NA", "-"}});
  EXPECT_EQ(table.column("n").type(), ColumnType::kInt64);
  EXPECT_EQ(shown(table.column("n")), (Strings{"1", "2", "null"}));
  EXPECT_EQ(shown(table.column("t")), (Strings{"a,\"b", "null", "\""}));
  EXPECT_EQ(error_of([] { parse_table("1,2\n", "t.csv", {.column_names = {"a"}}); }),
            "t.csv:1: 2 fields, the columns named are 1 (a field that holds a comma must stand in "
            "quotes)");
  EXPECT_EQ(error_of([] { parse_table("x\n", "t.txt", {.delimiter = '|'}); }),
            "t.txt: the option delimiter is for .csv and .tsv");
}

TEST(ReaderOptions, OfJsonAndText) {
  const std::string document = R"({"version": 1, "data": [{"a": 1}, {"a": "x"}]})";
  EXPECT_EQ(error_of([&] { parse_table(document, "t.json", {.field = "data"}); }),
            "t.json: row 2: \"a\" is a string, in the rows before it is an integer");
  EXPECT_EQ(shown(parse_table(R"({"data": [{"a": 1}, {"b": 2}]})", "t.json", {.field = "data"})
                      .column("a")),
            (Strings{"1", "null"}));
  EXPECT_EQ(error_of([&] { parse_table(document, "t.json", {.field = "rows"}); }),
            "t.json: has no key \"rows\" with an array of rows");
  const std::string text = "\none\ntwo\r\n\n\nthree";
  EXPECT_EQ(shown(parse_table(text, "t.txt", {.sample_by = SampleBy::kParagraph}).column("text")),
            (Strings{"one\ntwo", "three"}));
  EXPECT_EQ(shown(parse_table(text, "t.txt", {.sample_by = SampleBy::kDocument}).column("text")),
            (Strings{text}));
}

TEST(Cast, ReachesWhatStandsInLists) {
  const Table table =
      parse_table("{\"l\": [[1, 2], []]}\n{\"l\": null}\n{\"l\": [[3]]}\n", "t.jsonl");
  const Table cut = slice(table, 1, 3);
  const Column floats = cast_column(cut, "l", ColumnType::kFloat32).column("l");
  EXPECT_EQ(floats.type_name(), "list<list<float32>>");
  EXPECT_EQ(shown(floats), (Strings{"null", "[[3]]"}));
}

}  // namespace
}  // namespace lathe
