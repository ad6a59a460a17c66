#include "base/json.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "tests/temporary_directory.h"

namespace lathe {
namespace {

using testing::error_of;

TEST(Json, KeepsOrderKindsAndNumbers) {
  const Json json =
      parse_json(R"({"z": 1, "a": [1.5, -2, true, null, "é\n"], "big": 9223372036854775808})", "x");
  EXPECT_EQ(json.as_object()[0].first, "z");
  EXPECT_TRUE(json.find("z")->is_integer());
  EXPECT_EQ(json.find("a")->as_array()[1].as_integer(), -2);
  EXPECT_EQ(json.find("a")->as_array()[4].as_string(), "é\n");
  EXPECT_EQ(json.find("big")->as_double(), 9223372036854775808.0);
  EXPECT_EQ(json.find("none"), nullptr);
}

// The texts are json.dumps(value, ensure_ascii=False) and json.dumps(value, indent=2,
// ensure_ascii=False).
TEST(Json, WritesAsPythonDoes) {
  Json json;
  json["a"] = Json::Array{1, 2.0, 5e-05, 1e+16, 0.1};
  json["b"] = Json::object();
  json["c"] = "tab\t\"quote\" \x01 é";
  EXPECT_EQ(json.dump(),
            R"({"a": [1, 2.0, 5e-05, 1e+16, 0.1], "b": {}, "c": "tab\t\"quote\" \u0001 é"})");
  EXPECT_EQ(Json(Json::Object{{"a", Json::Array{1}}}).dump(2), "{\n  \"a\": [\n    1\n  ]\n}");
  EXPECT_EQ(Json(std::numeric_limits<double>::infinity()).dump(), "Infinity");
  EXPECT_EQ(Json(std::nan("")).dump(), "NaN");
}

TEST(Json, ReadsBackWhatItWrites) {
  Json json;
  json["numbers"] = Json::Array{0.1, 1e-300, -0.0, 123456789.125, int64_t{1} << 62};
  EXPECT_EQ(parse_json(json.dump(), "x"), json);
  EXPECT_EQ(parse_json(json.dump(2), "x"), json);
}

TEST(Json, NamesThePlaceOfAnError) {
  EXPECT_EQ(error_of([] { parse_json("{\"a\": 1,\n \"b\" 2}", "f.json"); }).substr(0, 11),
            "f.json:2:6:");
  EXPECT_NE(error_of([] { parse_json("\"\xff\"", "f.json"); }).find("UTF-8"), std::string::npos);
  EXPECT_NE(
      error_of([] { parse_json(std::string(100000, '['), "f.json"); }).find("deeper than 512"),
      std::string::npos);
  error_of([] { parse_json("", "f.json"); });
  error_of([] { parse_json("[1] x", "f.json"); });
}

TEST(Json, TakesTheLastOfARepeatedKeyAsPythonDoes) {
  const Json json = parse_json(R"({"a": 1, "b": 2, "a": 3})", "x");
  EXPECT_EQ(json.dump(), R"({"a": 3, "b": 2})");
}

TEST(Json, NamesTheKindItFound) {
  EXPECT_EQ(error_of([] { (void)Json(1).as_string(); }), "expected a string, found an integer");
  EXPECT_EQ(error_of([] { (void)Json("1").as_integer(); }), "expected an integer, found a string");
  EXPECT_EQ(Json(3).as_double(), 3.0);
}

}  // namespace
}  // namespace lathe
