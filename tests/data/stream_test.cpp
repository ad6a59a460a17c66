// Streams: the rows that whole tables have, and states that name the next one exactly.
#include "data/stream.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <functional>
#include <set>

#include "base/error.h"
#include "base/file.h"
#include "data/arrow_writer.h"
#include "tests/data/table_testing.h"
#include "tests/temporary_directory.h"

namespace lathe {
namespace {

using testing::error_of;
using testing::OneThread;
using testing::shown;

using Strings = std::vector<std::string>;

class Streams : public ::testing::Test {
 protected:
  Streams() {
    std::string csv = "n,t\n", lines, json;
    for (int i = 0; i < 100; ++i) {
      const std::string n = std::to_string(i);
      csv += i % 7 == 3 ? concat(n, ",\"a\nb \"\"", n, "\"\n\n") : concat(n, ",x", n, "\n");
      json += i % 5 == 1 ? concat("{\"n\": ", n, "}\n")
                         : concat("{\"n\": ", n, ", \"t\": \"x", n, "\"}\n");
      lines += i % 9 == 2 ? "\n" : concat("line ", n, "\r\n");
    }
    write_file(path("a.csv"), csv);
    write_file(path("b.jsonl"), json);
    write_file(path("c.txt"), lines);
    write_arrow(path("d.arrow"), read_table(path("a.csv")), {.rows_per_batch = 9});
    write_file(path("p-1.csv"), csv);
    write_file(path("p-2.csv"), "t,n\nlast,100\n");
  }

  std::string path(const std::string& name) const { return directory_.file(name); }
  RowStream stream(const std::string& name) const {
    return RowStream::files(path(name), {.piece_bytes = 64});
  }

  const OneThread one_;
  testing::TemporaryDirectory directory_;
};

Strings values(RowStream stream, const char* column = "n") {
  Strings out;
  for (StreamRow row; stream.next(row);) {
    out.push_back(shown(row.block->column(column))[static_cast<std::size_t>(row.row)]);
  }
  return out;
}

TEST_F(Streams, HaveTheRowsOfTheTable) {
  for (const char* name : {"a.csv", "b.jsonl", "c.txt", "d.arrow"}) {
    const Table whole = read_table(path(name));
    const Table streamed = stream(name).next_rows(1000);
    ASSERT_EQ(streamed.column_names(), whole.column_names()) << name;
    for (const Column& column : whole.columns()) {
      EXPECT_EQ(streamed.column(column.name()).type(), column.type()) << name;
      EXPECT_EQ(shown(streamed.column(column.name())), shown(column)) << name;
    }
  }
  const Strings both = values(stream("p-*.csv"), "t");
  EXPECT_EQ(both.size(), 101u);
  EXPECT_EQ(both.back(), "last");
}

TEST_F(Streams, AreCutAndMixed) {
  EXPECT_EQ(values(stream("a.csv").skip(97)), (Strings{"97", "98", "99"}));
  EXPECT_EQ(values(stream("a.csv").take(2)), (Strings{"0", "1"}));
  EXPECT_EQ(values(stream("a.csv").shard(40, 15)), (Strings{"15", "55", "95"}));
  EXPECT_EQ(values(stream("a.csv").skip(3).take(4).shard(2, 1)), (Strings{"4", "6"}));
  const auto two = [&](const Interleave& options) {
    std::vector<RowStream> streams;
    streams.push_back(stream("a.csv").take(2));
    streams.push_back(stream("b.jsonl").skip(50).take(3));
    return values(RowStream::interleave(std::move(streams), options));
  };
  EXPECT_EQ(two({}), (Strings{"0", "50", "1", "51"}));
  EXPECT_EQ(two({.until_all_are_exhausted = true}),
            (Strings{"0", "50", "1", "51", "0", "52", "1"}));
  const Strings drawn = two({.probabilities = {1, 1e-9}});
  EXPECT_EQ(drawn, (Strings{"0", "1"}));
}

TEST_F(Streams, AreShuffledABufferAtATime) {
  const Strings plain = values(stream("a.csv"));
  const Strings mixed = values(stream("a.csv").shuffle(30, 1));
  EXPECT_NE(mixed, plain);
  EXPECT_EQ(mixed, values(stream("a.csv").shuffle(30, 1)));
  EXPECT_NE(mixed, values(stream("a.csv").shuffle(30, 2)));
  for (std::size_t begin : {0, 30, 60, 90}) {
    const std::size_t end = std::min<std::size_t>(begin + 30, 100);
    const auto set = [&](const Strings& rows) {
      return std::multiset<std::string>(rows.begin() + static_cast<std::ptrdiff_t>(begin),
                                        rows.begin() + static_cast<std::ptrdiff_t>(end));
    };
    EXPECT_EQ(set(mixed), set(plain));
  }
}

TEST_F(Streams, GoOnAtTheExactRow) {
  const std::vector<std::function<RowStream()>> makers = {
      [&] { return stream("a.csv"); },
      [&] { return stream("p-*.csv"); },
      [&] { return stream("c.txt"); },
      [&] { return stream("d.arrow").skip(5).take(40); },
      [&] { return stream("b.jsonl").shuffle(16, 3).shard(2, 1); },
      [&] {
        std::vector<RowStream> streams;
        streams.push_back(stream("a.csv").shuffle(7, 1).take(20));
        streams.push_back(stream("b.jsonl"));
        return RowStream::interleave(std::move(streams),
                                     {.probabilities = {1, 2}, .until_all_are_exhausted = true})
            .take(300);
      },
  };
  for (std::size_t i = 0; i < makers.size(); ++i) {
    const char* column = i == 2 ? "text" : "n";
    const Strings whole = values(makers[i](), column);
    for (std::size_t rows = 0; rows <= whole.size(); rows += 3) {
      RowStream first = makers[i]();
      for (std::size_t row = 0; row < rows; ++row) {
        StreamRow unused;
        first.next(unused);
      }
      RowStream second = makers[i]();
      second.restore(parse_json(first.state().dump(), "state"));
      EXPECT_EQ(second.state(), first.state());
      EXPECT_EQ(values(std::move(second), column),
                Strings(whole.begin() + static_cast<std::ptrdiff_t>(rows), whole.end()))
          << i << " " << rows;
    }
  }
}

TEST_F(Streams, SayWhatDoesNotFit) {
  std::string text = "n\n";
  for (int i = 0; i < 40; ++i) text += std::to_string(i) + "\n";
  write_file(path("e.csv"), text + "x\n");
  EXPECT_EQ(
      error_of([&] { values(stream("e.csv")); }),
      path("e.csv") +
          ": in the block of rows at byte 67: row 16, column \"n\": \"x\" is not an integer (the "
          "first rows settle a column's type, where it is not declared)");
  EXPECT_EQ(values(RowStream::files(path("e.csv"),
                                    {.types = {{"n", ColumnType::kUtf8}}, .piece_bytes = 64}))
                .back(),
            "x");
  write_file(path("f.csv"), text + "1,2\n");
  EXPECT_EQ(
      error_of([&] { values(stream("f.csv")); }).substr(path("").size()),
      "f.csv:42: 2 fields, the header has 1 (a field that holds a comma must stand in quotes)");
  write_file(path("g.jsonl"), read_file(path("b.jsonl")) + "{\"n\": [}\n");
  EXPECT_EQ(error_of([&] { values(stream("g.jsonl")); }).substr(path("").size(), 15),
            "g.jsonl:101:8: ");
  write_file(path("h.txt"), std::string(300, '\n') + "\xFF\n");
  EXPECT_EQ(error_of([&] { values(stream("h.txt"), "text"); }).substr(path("").size(), 30),
            "h.txt:301:1: not valid UTF-8 (");
  write_file(path("i.jsonl"), read_file(path("b.jsonl")) + "{\"new\": 1}\n");
  EXPECT_EQ(error_of([&] { values(stream("i.jsonl")); }).substr(path("").size()),
            "i.jsonl: column \"new\" is none of the first rows' (columns: \"n\", \"t\")");
  EXPECT_EQ(error_of([&] {
              stream("a.csv").restore(Json::Object{{"file", 0}});
            }),
            "not the state of this stream: it has no \"place\"");
  EXPECT_EQ(error_of([&] { stream("a.csv").shard(2, 2); }), "part 2 of 2: parts count from 0");
  EXPECT_EQ(stream("a.csv").take(0).next_rows(5).rows(), 0);
}

}  // namespace
}  // namespace lathe
