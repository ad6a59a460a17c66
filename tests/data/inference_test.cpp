#include <gtest/gtest.h>

#include "data/cast.h"
#include "data/number_text.h"
#include "tests/data/table_testing.h"
#include "tests/temporary_directory.h"

namespace lathe {
namespace {

using testing::error_of;
using testing::shown;

using Strings = std::vector<std::string>;

// The column of a one-column CSV file with those lines; an empty line is an empty field.
Column column_of(const Strings& lines, const ReadOptions& options = {}) {
  std::string text = "x";
  for (const std::string& line : lines) text += "\n" + (line.empty() ? "\"\"" : line);
  return parse_table(text, "t.csv", options).column("x");
}

TEST(Inference, FindsTheNarrowestTypeOfAllFields) {
  EXPECT_EQ(column_of({"1", "-2", "9223372036854775807"}).type(), ColumnType::kInt64);
  EXPECT_EQ(column_of({"1", "2.5"}).type(), ColumnType::kFloat64);
  EXPECT_EQ(column_of({"1e3", "-.5", "0.25"}).type(), ColumnType::kFloat64);
  EXPECT_EQ(column_of({"true", "false"}).type(), ColumnType::kBool);
  EXPECT_EQ(column_of({"1", "one"}).type(), ColumnType::kUtf8);
  EXPECT_EQ(column_of({"true", "1"}).type(), ColumnType::kUtf8);
  EXPECT_EQ(shown(column_of({"1", "2.5"})), (Strings{"1", "2.5"}));
}

TEST(Inference, EmptyFieldsAreNullAmongNumbersAndEmptyAmongTexts) {
  const Column integers = column_of({"", "5", ""});
  EXPECT_EQ(integers.type(), ColumnType::kInt64);
  EXPECT_EQ(integers.null_count(), 2);
  EXPECT_EQ(shown(integers), (Strings{"null", "5", "null"}));
  EXPECT_EQ(shown(column_of({"true", ""})), (Strings{"true", "null"}));
  const Column texts = column_of({"", "x"});
  EXPECT_EQ(texts.null_count(), 0);
  EXPECT_EQ(shown(texts), (Strings{"", "x"}));
  EXPECT_EQ(column_of({"", ""}).type(), ColumnType::kUtf8);
}

TEST(Inference, WhatWouldNotBeWrittenBackTheSameStaysText) {
  for (const char* text :
       {"NA", "nan", "inf", "08123", "-01", "+1", "1,5", " 1", "1 ", "0x10", "12345678901234567890",
        "1e999", "True", "--1", "-", ".", "e5", "1_000", "00.5"}) {
    EXPECT_EQ(column_of({"\"" + std::string(text) + "\""}).type(), ColumnType::kUtf8) << text;
  }
}

TEST(Inference, ReadsNumbersExactly) {
  EXPECT_EQ(integer_of("-9223372036854775808"), INT64_MIN);
  EXPECT_EQ(integer_of("9223372036854775808"), std::nullopt);
  EXPECT_EQ(integer_of("-0"), std::nullopt);
  EXPECT_EQ(integer_of("0"), 0);
  EXPECT_EQ(number_of("0.1"), 0.1);
  EXPECT_EQ(number_of("2.2250738585072014e-308"), 2.2250738585072014e-308);
  EXPECT_EQ(number_of("5."), 5.0);
  EXPECT_EQ(number_of("0e1"), 0.0);
  EXPECT_EQ(number_of(""), std::nullopt);
}

TEST(Inference, CanBeTurnedOffAndDeclared) {
  ReadOptions options;
  options.infer_types = false;
  EXPECT_EQ(column_of({"1", "2"}, options).type(), ColumnType::kUtf8);
  options.types = {{"x", ColumnType::kFloat64}};
  EXPECT_EQ(column_of({"1", "2"}, options).type(), ColumnType::kFloat64);
  options.types = {{"x", ColumnType::kUtf8}};
  options.infer_types = true;
  EXPECT_EQ(shown(column_of({"1", ""}, options)), (Strings{"1", ""}));
}

TEST(Inference, SaysWhichRowIsNotOfTheDeclaredType) {
  const auto error_with = [](ColumnType type) {
    return error_of([&] { column_of({"true", "3\"\""}, {true, {{"x", type}}}); });
  };
  EXPECT_EQ(error_with(ColumnType::kInt64),
            "t.csv: row 1, column \"x\": \"true\" is not an integer");
  EXPECT_EQ(error_with(ColumnType::kFloat64),
            "t.csv: row 1, column \"x\": \"true\" is not a number");
  EXPECT_EQ(error_with(ColumnType::kBool),
            "t.csv: row 2, column \"x\": \"3\"\"\" is not true or false");
  EXPECT_EQ(error_with(ColumnType::kList),
            "t.csv: column \"x\" holds utf8, which cannot be made into list");
  EXPECT_EQ(error_of([&] {
              column_of({"1"}, {true, {{"lable", ColumnType::kInt64}}});
            }),
            "t.csv: no column \"lable\" (columns: \"x\")");
}

TEST(Cast, WritesValuesAsText) {
  const Table table = parse_table(R"({"i": -5, "f": 0.5, "b": true}
{"i": null, "f": 1, "b": false})",
                                  "t.jsonl");
  const auto as_text = [&](const char* name) {
    return cast(table.column(name), ColumnType::kUtf8);
  };
  EXPECT_EQ(shown(as_text("i")), (Strings{"-5", "null"}));
  EXPECT_EQ(shown(as_text("f")), (Strings{"0.5", "1"}));
  EXPECT_EQ(shown(as_text("b")), (Strings{"true", "false"}));
  EXPECT_EQ(shown(cast(table.column("b"), ColumnType::kFloat64)), (Strings{"1", "0"}));
  EXPECT_EQ(shown(cast(table.column("b"), ColumnType::kInt64)), (Strings{"1", "0"}));
  EXPECT_EQ(as_text("i").source(), "t.jsonl");
}

}  // namespace
}  // namespace lathe
