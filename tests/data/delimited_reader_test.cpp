#include <gtest/gtest.h>

#include "data/reader.h"
#include "tensor/random.h"
#include "tests/data/table_testing.h"
#include "tests/temporary_directory.h"

namespace lathe {
namespace {

using testing::error_of;
using testing::OneThread;
using testing::shown;

using Strings = std::vector<std::string>;

std::string csv_error(std::string_view text) {
  return error_of([&] { parse_table(text, "t.csv"); });
}

std::string tsv_error(std::string_view text) {
  return error_of([&] { parse_table(text, "t.tsv"); });
}

TEST(Csv, ReadsQuotesNewlinesAndEmptyFields) {
  const Table table = parse_table(
      "a,b,c\n"
      "one,\"two, three\",\"four\nfive\"\n"
      "\"\",,\"say \"\"hi\"\"\"\n",
      "t.csv");
  EXPECT_EQ(table.column_names(), (Strings{"a", "b", "c"}));
  EXPECT_EQ(shown(table.column("a")), (Strings{"one", ""}));
  EXPECT_EQ(shown(table.column("b")), (Strings{"two, three", ""}));
  EXPECT_EQ(shown(table.column("c")), (Strings{"four\nfive", "say \"hi\""}));
}

TEST(Csv, TakesEveryLineEndAndNoneAtTheEnd) {
  const std::string after_mark = "\xEF\xBB\xBF" + std::string("a,b\nx,y\nz,w\n");
  for (const std::string_view text : std::initializer_list<std::string_view>{
           "a,b\nx,y\nz,w", "a,b\nx,y\nz,w\n", "a,b\r\nx,y\r\nz,w\r\n", "a,b\r\nx,y\r\nz,w\r",
           after_mark, "\r\n\na,b\n\nx,y\r\n\r\n\nz,w\n\n",
           "\"a\",\"b\"\r\n\"x\",\"y\"\r\n\"z\",\"w\""}) {
    const Table table = parse_table(text, "t.csv");
    EXPECT_EQ(table.column_names(), (Strings{"a", "b"})) << text;
    EXPECT_EQ(shown(table.column("a")), (Strings{"x", "z"})) << text;
    EXPECT_EQ(shown(table.column("b")), (Strings{"y", "w"})) << text;
  }
}

TEST(Csv, KeepsCarriageReturnsAndNulsInsideText) {
  using namespace std::string_literals;
  const Table table = parse_table("a,b\n\"x\r\ny\",1\nc\rd,2\ne\0f,3\n"s, "t.csv");
  EXPECT_EQ(shown(table.column("a")), (Strings{"x\r\ny", "c\rd", "e\0f"s}));
}

TEST(Csv, QuotesInsideAnUnquotedFieldAreText) {
  const Table table = parse_table("a,b\n5\" disk,it's \"so\"\n", "t.csv");
  EXPECT_EQ(shown(table.column("a")), (Strings{"5\" disk"}));
  EXPECT_EQ(shown(table.column("b")), (Strings{"it's \"so\""}));
}

TEST(Csv, LastFieldMayBeEmptyAtTheEndOfTheFile) {
  EXPECT_EQ(shown(parse_table("a,b\nx,", "t.csv").column("b")), (Strings{""}));
}

TEST(Csv, NamesColumnsWithoutANameAsPandasDoes) {
  EXPECT_EQ(parse_table(",text\n0,x\n", "t.csv").column_names(), (Strings{"Unnamed: 0", "text"}));
}

TEST(Csv, SaysWhereARowDoesNotFitItsHeader) {
  EXPECT_EQ(csv_error("id,a,b,label\n1,x,y,0\n2,x,y\n"),
            "t.csv:3: 3 fields, the header has 4 (column \"label\" is missing)");
  EXPECT_EQ(csv_error("id,a,b,label\n1,\"x\n\n\",y,0\n2\n"),
            "t.csv:5: 1 field, the header has 4 (columns \"a\" to \"label\" are missing)");
  EXPECT_EQ(
      csv_error("text,label\nWell, yes, no,1\n"),
      "t.csv:2: 4 fields, the header has 2 (a field that holds a comma must stand in quotes)");
  EXPECT_EQ(tsv_error("text\tlabel\nx\ty\tz\n"),
            "t.tsv:2: 3 fields, the header has 2 (a field cannot hold a tab)");
}

TEST(Csv, SaysWhereAQuoteIsWrong) {
  EXPECT_EQ(csv_error("a,b\nx,y\nz,\"w\n"), "t.csv:3:3: this quote is never closed");
  EXPECT_EQ(
      csv_error("a,b\nx,\"y\" \n"),
      "t.csv:2:6: text after the closing quote: a quote inside a field is written twice, \"\"");
}

TEST(Csv, RefusesFilesWithoutRowsAndRepeatedNames) {
  EXPECT_EQ(csv_error(""), "t.csv: is empty");
  EXPECT_EQ(csv_error("\xEF\xBB\xBF"), "t.csv: is empty");
  EXPECT_EQ(csv_error("\r\n\n"), "t.csv: is empty");
  EXPECT_EQ(csv_error("a,b\n\n"), "t.csv: has a header and no rows");
  EXPECT_EQ(csv_error("\na,b,a\n1,2,3\n"), "t.csv:2: columns 1 and 3 are both named \"a\"");
}

TEST(Csv, SaysWhereTextIsNotUtf8) {
  EXPECT_EQ(csv_error("a,b\nx,y\nz,caf\xE9\n"),
            "t.csv:3:6: not valid UTF-8 (0xE9, byte 13 of the file): save it as UTF-8");
  EXPECT_EQ(csv_error("\xEF\xBB\xBF"
                      "a\n\xED\xA0\x80\n"),
            "t.csv:2:1: not valid UTF-8 (0xED, byte 5 of the file): save it as UTF-8");
  EXPECT_EQ(csv_error(std::string_view("\xFF\xFE"
                                       "a\0",
                                       4)),
            "t.csv:1:1: this is UTF-16, not UTF-8: save the file as UTF-8");
}

TEST(Tsv, TreatsQuotesAsText) {
  const Table table = parse_table("a\tb\r\n\" x\ty \"\"\r\n\"\t'\r\n", "t.tsv");
  EXPECT_EQ(shown(table.column("a")), (Strings{"\" x", "\""}));
  EXPECT_EQ(shown(table.column("b")), (Strings{"y \"\"", "'"}));
}

// A field as RFC 4180 writes it, in quotes where it must be and sometimes where it need not.
std::string csv_field(const std::string& value, bool last_resort, Random& random) {
  const bool must = value.find_first_of(",\"\n\r") != std::string::npos || last_resort;
  if (!must && random.below(4) != 0) return value;
  std::string out = "\"";
  for (const char c : value) out += c == '"' ? "\"\"" : std::string(1, c);
  return out + "\"";
}

std::string random_value(Random& random) {
  static const Strings kPieces = {
      ",", "\"", "\n", "\r\n", "x", "é", "日本", " ", "long text here ", "\t", "'"};
  std::string value = "t";  // so that no column is inferred to be anything but text
  for (uint64_t i = random.below(12); i > 0; --i) value += kPieces[random.below(kPieces.size())];
  return random.below(10) == 0 ? "" : value;
}

TEST(Csv, ReadsBackWhatIsWritten) {
  const OneThread one;
  Random random(7);
  for (int trial = 0; trial < 300; ++trial) {
    const uint64_t columns = 1 + random.below(6);
    const uint64_t rows = 1 + random.below(9);
    const std::string line_end = random.below(2) == 0 ? "\n" : "\r\n";
    std::vector<Strings> values(columns);
    std::string text;
    for (uint64_t c = 0; c < columns; ++c)
      text += (c == 0 ? "" : ",") + std::string("c") + std::to_string(c);
    for (uint64_t r = 0; r < rows; ++r) {
      text += line_end;
      for (uint64_t c = 0; c < columns; ++c) {
        values[c].push_back(random_value(random));
        text += (c == 0 ? "" : ",") + csv_field(values[c].back(), columns == 1, random);
      }
    }
    if (random.below(2) == 0) text += line_end;
    const auto piece = static_cast<int64_t>(1 + random.below(40));
    const Table table = parse_table(text, "t.csv", {.piece_bytes = piece});
    for (uint64_t c = 0; c < columns; ++c) EXPECT_EQ(shown(table.columns()[c]), values[c]) << text;
  }
}

// A piece sees only its own fields; the type is that of all of them.
TEST(Csv, PiecesAgreeOnTypes) {
  std::string text = "i,f,b,t,e,m\n";
  const auto row = [&](const std::string& fields) { text += fields + "\n"; };
  for (int i = 0; i < 50; ++i) row("7,7,true,7,,true");
  for (int i = 0; i < 50; ++i) row(",,,,,");
  for (int i = 0; i < 50; ++i) row("8,0.5,false,x,,0.5");
  const Table table = parse_table(text, "t.csv", {.piece_bytes = 100});
  const Table whole = parse_table(text, "t.csv");
  const Strings types = {"int64", "float64", "bool", "utf8", "utf8", "utf8"};
  for (std::size_t c = 0; c < types.size(); ++c) {
    EXPECT_GT(table.columns()[c].chunks().size(), 10u);
    EXPECT_EQ(table.columns()[c].type_name(), types[c]) << c;
    EXPECT_EQ(shown(table.columns()[c]), shown(whole.columns()[c])) << c;
  }
  EXPECT_EQ(table.column("i").null_count(), 50);
}

TEST(Csv, PiecesSurviveQuotesThatMeanNothing) {
  const OneThread one;
  std::string text = "a,b\n5\" disk,1\n";  // from here on every count of quotes misleads
  for (int i = 0; i < 40; ++i) text += "\"x\ny, \"\"" + std::to_string(i) + "\",2\n\n";
  const Table whole = parse_table(text, "t.csv");
  EXPECT_EQ(whole.rows(), 41);
  for (const int64_t piece : {1, 5, 17, 64, 300}) {
    const Table table = parse_table(text, "t.csv", {.piece_bytes = piece});
    EXPECT_EQ(shown(table.column("a")), shown(whole.column("a"))) << piece;
  }
  EXPECT_EQ(error_of([&] { parse_table(text + "z\n", "t.csv", {.piece_bytes = 64}); }),
            "t.csv:123: 1 field, the header has 2 (column \"b\" is missing)");
}

}  // namespace
}  // namespace lathe
