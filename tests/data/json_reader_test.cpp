#include "data/json_reader.h"

#include <gtest/gtest.h>

#include "data/export.h"
#include "data/json_column.h"
#include "tests/data/table_testing.h"
#include "tests/temporary_directory.h"

namespace lathe {
namespace {

using testing::error_of;
using testing::shown;

using Strings = std::vector<std::string>;

std::string json_error(std::string_view text, const std::string& path = "t.jsonl") {
  return error_of([&] { parse_table(text, path); });
}

TEST(JsonLines, KeysAreColumnsAndMissingOnesAreNull) {
  const Table table = parse_table(
      "{\"a\": 1, \"b\": \"x\"}\r\n"
      "\n"
      "{\"b\": \"\\u00e9\\n\", \"c\": true}\n"
      "  {\"a\": null}",
      "t.jsonl");
  EXPECT_EQ(table.column_names(), (Strings{"a", "b", "c"}));
  EXPECT_EQ(shown(table.column("a")), (Strings{"1", "null", "null"}));
  EXPECT_EQ(shown(table.column("b")), (Strings{"x", "é\n", "null"}));
  EXPECT_EQ(shown(table.column("c")), (Strings{"null", "true", "null"}));
}

TEST(JsonLines, TypesFollowTheValues) {
  const Table table = parse_table(
      "{\"i\": null, \"f\": 1,   \"n\": null, \"l\": [1, 2], \"m\": [],  \"s\": [\"a\"], \"d\": "
      "[[1], []]}\n"
      "{\"i\": -7,   \"f\": 2.5, \"n\": null, \"l\": null,   \"m\": [1], \"s\": [],      \"d\": "
      "[[2.5]]}\n"
      "{\"i\": 8,    \"f\": 3,   \"n\": null, \"l\": [0.5],  \"m\": [null], \"s\": [\"b\", \"\"], "
      "\"d\": []}\n",
      "t.jsonl");
  const auto type = [&](const char* name) { return table.column(name).type_name(); };
  EXPECT_EQ(type("i"), "int64");
  EXPECT_EQ(type("f"), "float64");
  EXPECT_EQ(type("n"), "utf8");
  EXPECT_EQ(type("l"), "list<float64>");
  EXPECT_EQ(type("m"), "list<int64>");
  EXPECT_EQ(type("s"), "list<utf8>");
  EXPECT_EQ(type("d"), "list<list<float64>>");
  EXPECT_EQ(shown(table.column("i")), (Strings{"null", "-7", "8"}));
  EXPECT_EQ(shown(table.column("f")), (Strings{"1", "2.5", "3"}));
  EXPECT_EQ(shown(table.column("n")), (Strings{"null", "null", "null"}));
  EXPECT_EQ(shown(table.column("l")), (Strings{"[1, 2]", "null", "[0.5]"}));
  EXPECT_EQ(shown(table.column("m")), (Strings{"[]", "[1]", "[null]"}));
  EXPECT_EQ(shown(table.column("s")), (Strings{"[a]", "[]", "[b, ]"}));
  EXPECT_EQ(shown(table.column("d")), (Strings{"[[1], []]", "[[2.5]]", "[]"}));
}

// A piece sees only its own values; columns and types are those of all of them.
TEST(JsonLines, PiecesAgreeOnColumns) {
  std::string text;
  for (int i = 0; i < 30; ++i) text += "{\"i\": 7, \"l\": [], \"n\": null}\n";
  for (int i = 0; i < 30; ++i) text += "{\"new\": \"\\u00e9\", \"i\": 0.5, \"l\": [1, null]}\n";
  for (int i = 0; i < 30; ++i) text += "{\"l\": [2.5], \"b\": false}\n";
  const Table table = parse_table(text, "t.jsonl", {.piece_bytes = 100});
  const Table whole = parse_table(text, "t.jsonl");
  const Strings names = {"i", "l", "n", "new", "b"};
  const Strings types = {"float64", "list<float64>", "utf8", "utf8", "bool"};
  ASSERT_EQ(table.column_names(), names);
  for (std::size_t c = 0; c < types.size(); ++c) {
    EXPECT_GT(table.columns()[c].chunks().size(), 10u);
    EXPECT_EQ(table.columns()[c].type_name(), types[c]) << c;
    EXPECT_EQ(shown(table.columns()[c]), shown(whole.columns()[c])) << c;
  }
  EXPECT_EQ(error_of([&] { parse_table(text + "{\"b\": 1}", "t.jsonl", {.piece_bytes = 100}); }),
            "t.jsonl:91: \"b\" is an integer, in the rows before it is a boolean");
}

TEST(JsonLines, UnusualObjectsAreReadAsWell) {
  const Table table = parse_table(
      "{\"\\u0061\": 18446744073709551615, \"b\": -0}\n"
      "{\"a\": 9223372036854775807, \"a\": 1e-400, \"b\": 12}\n",
      "t.jsonl");
  EXPECT_EQ(table.column_names(), (Strings{"a", "b"}));
  EXPECT_EQ(table.column("a").number(0), 18446744073709551615.0);
  EXPECT_EQ(table.column("a").number(1), 0.0);
  EXPECT_EQ(shown(table.column("b")), (Strings{"0", "12"}));
}

// What is read without a tree has the values that the tree has.
TEST(JsonLines, IsReadAsTheTreeIs) {
  for (const char* value :
       {R"("\"\\\/\b\f\n\r\t")", R"("\u0000\u001f\u00e9\u20ac\ud83d\ude00x")", R"("日本")", "-0.0",
        "1E+2", "12.5e-3", "0", "-7", "9223372036854775807", "1.7976931348623157e308", "true",
        "[ ]", "[[\"a\" , null],[]]", "4.9e-324", "123456789012345678"}) {
    const std::string text = std::string("{\"a\":") + value + "}";
    JsonColumn tree;
    tree.append(parse_json(value, "v"));
    const Column expected = tree.finish("a");
    const Column read = parse_table(text, "t.jsonl").column("a");
    EXPECT_EQ(read.type_name(), expected.type_name()) << value;
    EXPECT_EQ(json_of(read, 0), json_of(expected, 0)) << value;
  }
}

TEST(JsonLines, OfARepeatedKeyTheLastCounts) {
  EXPECT_EQ(shown(parse_table("{\"a\": 1, \"a\": 2}", "t.jsonl").column("a")), (Strings{"2"}));
}

TEST(JsonArray, ReadsRowsThatSpanLines) {
  const Table table =
      parse_table(" [\n {\"a\": \"]},[{\\\"\"},\n{\"a\":\n\"y\", \"b\": [1, 2]\n}\n]\n", "t.json");
  EXPECT_EQ(shown(table.column("a")), (Strings{"]},[{\"", "y"}));
}

TEST(JsonArray, AJsonFileMayHoldAnObjectALine) {
  EXPECT_EQ(parse_table("{\"a\": 1}\n{\"a\": 2}\n", "t.json").rows(), 2);
}

TEST(Json, SaysWhereItIsWrong) {
  EXPECT_EQ(json_error("{\"a\": 1}\n{\"a\": }\n").substr(0, 27), "t.jsonl:2:7: not valid JSON");
  EXPECT_EQ(json_error("[{\"a\": 1},\n {\"a\" 1}]", "t.json").substr(0, 26),
            "t.json:2:7: not valid JSON");
  EXPECT_EQ(json_error("{\"a\": 1}\n[1]\n"),
            "t.jsonl:2: a row must be an object, this is an array");
  EXPECT_EQ(json_error("[{\"a\": 1},\n\n 5]", "t.json"),
            "t.json:3: a row must be an object, this is an integer");
  EXPECT_EQ(json_error("{\"a\": 1}\n{\"a\": \"x\"}\n"),
            "t.jsonl:2: \"a\" is a string, in the rows before it is an integer");
  EXPECT_EQ(json_error("{\"a\": [1, \"x\"]}"),
            "t.jsonl:1: \"a\" is a string, in the rows before it is an integer");
  EXPECT_EQ(
      json_error("{\"a\": {\"b\": 1}}"),
      "t.jsonl:1: \"a\" is an object: a column holds numbers, booleans, strings or lists of them");
}

TEST(Json, RefusesFilesWithoutRows) {
  EXPECT_EQ(json_error(""), "t.jsonl: is empty");
  EXPECT_EQ(json_error("\n \n"), "t.jsonl: has no rows");
  EXPECT_EQ(json_error("{}\n{}\n"), "t.jsonl: its rows have no keys");
  EXPECT_EQ(json_error(" [ ] ", "t.json"), "t.json: has no rows");
}

TEST(JsonArray, RefusesWhatIsNotOneArray) {
  EXPECT_EQ(json_error("[{\"a\": 1}", "t.json"), "t.json: the array is never closed");
  EXPECT_EQ(json_error("[{\"a\": 1}] {}", "t.json"),
            "t.json:1:12: text after the end of the array");
  EXPECT_EQ(json_error("[{\"a\": \"x}]", "t.json"), "t.json:1:8: this string is never closed");
  for (const char* text : {"[{\"a\": 1},]", "[,{\"a\": 1}]", "[{\"a\": 1},,{\"a\": 1}]",
                           "[{\"a\": 1} {\"a\": 1}]", "[{\"a\": 1]", "[{\"a\": [1}]}]", "[}"}) {
    EXPECT_NE(json_error(text, "t.json").find("not valid JSON"), std::string::npos) << text;
  }
}

}  // namespace
}  // namespace lathe
