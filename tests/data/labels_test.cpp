#include "data/labels.h"

#include <gtest/gtest.h>

#include "tests/data/table_testing.h"
#include "tests/temporary_directory.h"

namespace lathe {
namespace {

using testing::error_of;

using Strings = std::vector<std::string>;

// The column "y" of JSON Lines with those values.
Column column_of(const Strings& values) {
  std::string text;
  for (const std::string& value : values) text += "{\"y\": " + value + "}\n";
  return parse_table(text, "t.jsonl").column("y");
}

Strings names_of(const Strings& values) {
  return LabelNames::from_column(column_of(values)).names();
}

TEST(LabelNames, AreNumberedAsRunGlueNumbersThem) {
  EXPECT_EQ(names_of({"\"b\"", "\"a\"", "\"B\"", "\"é\"", "\"b\""}), (Strings{"B", "a", "b", "é"}));
  EXPECT_EQ(names_of({"2", "0", "1", "0"}), (Strings{"LABEL_0", "LABEL_1", "LABEL_2"}));
  EXPECT_EQ(names_of({"1", "5", "10", "2"}), (Strings{"1", "2", "5", "10"}));
  EXPECT_EQ(names_of({"-1", "1"}), (Strings{"-1", "1"}));
  EXPECT_EQ(names_of({"true", "true"}), (Strings{"false", "true"}));
  EXPECT_EQ(names_of({"[\"b\", \"a\"]", "[]", "[\"c\"]"}), (Strings{"a", "b", "c"}));
  EXPECT_EQ(names_of({"[0, 1, 0]", "[1, 1, 0]"}), (Strings{"LABEL_0", "LABEL_1", "LABEL_2"}));
}

TEST(LabelNames, FindWhatFilesWrite) {
  const LabelNames words({"negative", "positive"});
  EXPECT_EQ(words.id("positive"), 1);
  EXPECT_EQ(words.id("1"), 1);  // a number of a class
  EXPECT_EQ(words.find("2"), std::nullopt);
  EXPECT_EQ(words.find("-1"), std::nullopt);
  EXPECT_EQ(words.find("01"), std::nullopt);
  EXPECT_EQ(words.name(0), "negative");
  const LabelNames stars({"1", "2", "3"});
  EXPECT_EQ(stars.id("1"), 0);  // a name, though class 1 is another
  EXPECT_EQ(stars.find("0"), std::nullopt);
}

TEST(LabelNames, SayWhatIsUnknown) {
  const LabelNames names({"a", "b"});
  EXPECT_EQ(error_of([&] { names.id("c\nd"); }), "unknown label \"c\\nd\" (known: \"a\", \"b\")");
  EXPECT_EQ(error_of([&] { names.name(2); }), "no class 2: there are 2");
  EXPECT_EQ(error_of([] { LabelNames({"a", "a"}); }), "two classes are named \"a\"");
}

TEST(LabelNames, SayWhichLabelIsMissing) {
  EXPECT_EQ(error_of([] {
              names_of({"\"a\"", "null"});
            }),
            "t.jsonl: row 2, column \"y\": the label is missing");
  EXPECT_EQ(error_of([] {
              names_of({"\"a\"", "\"\""});
            }),
            "t.jsonl: row 2, column \"y\": the label is missing");
  EXPECT_EQ(error_of([] {
              names_of({"null", "1"});
            }),
            "t.jsonl: row 1, column \"y\": the label is missing");
  EXPECT_EQ(error_of([] {
              names_of({"null", "[1]"});
            }),
            "t.jsonl: row 1, column \"y\": the label is missing");
  EXPECT_EQ(error_of([] { names_of({"0.5"}); }),
            "t.jsonl: column \"y\" holds fractions: classes need names or integers (fractions suit "
            "regression)");
}

TEST(Targets, OfClasses) {
  const LabelNames names({"no", "yes"});
  EXPECT_EQ(class_targets(column_of({"\"yes\"", "\"no\""}), names).classes,
            (std::vector<int32_t>{1, 0}));
  EXPECT_EQ(class_targets(column_of({"1", "0"}), names).classes, (std::vector<int32_t>{1, 0}));
  const LabelNames booleans = LabelNames::from_column(column_of({"true"}));
  EXPECT_EQ(class_targets(column_of({"true", "false"}), booleans).classes,
            (std::vector<int32_t>{1, 0}));
  EXPECT_EQ(error_of([&] {
              class_targets(column_of({"\"yes\"", "\"maybe\""}), names);
            }),
            "t.jsonl: row 2, column \"y\": unknown label \"maybe\" (known: \"no\", \"yes\")");
  EXPECT_EQ(error_of([&] {
              class_targets(column_of({"1", "2"}), names);
            }),
            "t.jsonl: row 2, column \"y\": unknown label \"2\" (known: \"no\", \"yes\")");
  EXPECT_EQ(error_of([&] {
              class_targets(column_of({"1", "null"}), names);
            }),
            "t.jsonl: row 2, column \"y\": the label is missing");
  EXPECT_EQ(error_of([&] { class_targets(column_of({"0.5"}), names); }),
            "t.jsonl: column \"y\" holds float64: single labels are names or integers");
}

TEST(Targets, OfSeveralLabels) {
  const LabelNames names({"a", "b", "c"});
  const Targets named = multi_label_targets(column_of({"[\"c\", \"a\"]", "[]"}), names);
  EXPECT_EQ(named.columns, 3);
  EXPECT_EQ(named.values, (std::vector<float>{1, 0, 1, 0, 0, 0}));
  EXPECT_TRUE(named.classes.empty());
  EXPECT_EQ(multi_label_targets(column_of({"[0, 1, 1]"}), names).values,
            (std::vector<float>{0, 1, 1}));
  EXPECT_EQ(multi_label_targets(column_of({"[0.0, 1.0, 1]"}), names).values,
            (std::vector<float>{0, 1, 1}));
  EXPECT_EQ(multi_label_targets(column_of({"[false, true, true]"}), names).values,
            (std::vector<float>{0, 1, 1}));
  const auto error_with = [&](const Strings& values) {
    return error_of([&] { multi_label_targets(column_of(values), names); });
  };
  EXPECT_EQ(error_with({"[\"c\"]", "[\"d\"]"}),
            "t.jsonl: row 2, column \"y\": unknown label \"d\" (known: \"a\", \"b\", \"c\")");
  EXPECT_EQ(error_with({"[0, 1, 1]", "[0, 1]"}),
            "t.jsonl: row 2, column \"y\": a list of 2 numbers, 3 are needed, one a class");
  EXPECT_EQ(error_with({"[0, 2, 1]"}),
            "t.jsonl: row 1, column \"y\": 2 in a list of labels must be 0 or 1");
  EXPECT_EQ(error_with({"[0, null, 1]"}), "t.jsonl: row 1, column \"y\": the label is missing");
  EXPECT_EQ(error_with({"\"a\""}), "t.jsonl: column \"y\" holds utf8, lists are needed");
}

TEST(Targets, OfRegression) {
  const Targets single = regression_targets(column_of({"1", "2.5", "-3"}));
  EXPECT_EQ(single.columns, 1);
  EXPECT_EQ(single.values, (std::vector<float>{1, 2.5, -3}));
  const Targets several = regression_targets(column_of({"[1, 2.5]", "[3, 4]"}));
  EXPECT_EQ(several.columns, 2);
  EXPECT_EQ(several.values, (std::vector<float>{1, 2.5, 3, 4}));
  const auto error_with = [&](const Strings& values) {
    return error_of([&] { regression_targets(column_of(values)); });
  };
  EXPECT_EQ(error_with({"1", "null"}), "t.jsonl: row 2, column \"y\": the label is missing");
  EXPECT_EQ(error_with({"1", "1e300"}),
            "t.jsonl: row 2, column \"y\": 1e+300 is not a finite 32-bit number");
  EXPECT_EQ(error_with({"\"high\""}), "t.jsonl: column \"y\" holds utf8, numbers are needed");
  EXPECT_EQ(error_with({"[1, 2]", "[1]"}),
            "t.jsonl: row 2, column \"y\": a list of 1 numbers, 2 are needed as in row 1");
}

}  // namespace
}  // namespace lathe
