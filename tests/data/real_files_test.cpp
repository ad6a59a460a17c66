// The readers over files that others wrote: GLUE, csv-spectrum, JSONTestSuite.
#include <gtest/gtest.h>

#include "base/error.h"
#include "base/file.h"
#include "base/json.h"
#include "tests/data/table_testing.h"

namespace lathe {
namespace {

using testing::files_in;
using testing::shown;
using testing::test_data;

TEST(RealFiles, GlueHasItsKnownRows) {
  const std::string root = test_data("mrpc");
  if (root.empty()) GTEST_SKIP() << "no test data (set LATHE_TEST_DATA)";
  EXPECT_EQ(read_table(root + "/train.tsv").rows(), 3668);
  EXPECT_EQ(read_table(root + "/dev.tsv").rows(), 408);
  EXPECT_EQ(read_table(test_data("sst2") + "/train.tsv").rows(), 67349);
  EXPECT_EQ(read_table(test_data("sst2") + "/dev.tsv").rows(), 872);
  EXPECT_EQ(read_table(test_data("qnli") + "/dev.tsv").rows(), 5463);
  const Table test =
      parse_table(read_file(root + "/msr_paraphrase_test.txt"), "msr_paraphrase_test.tsv");
  EXPECT_EQ(test.rows(), 1725);
  EXPECT_EQ(test.columns()[0].name(), "Quality");  // behind a byte order mark
  EXPECT_EQ(test.columns()[0].type_name(), "int64");
  EXPECT_EQ(test.columns()[4].type_name(), "utf8");
}

TEST(RealFiles, MrpcDevHas279Paraphrases) {
  const std::string root = test_data("mrpc");
  if (root.empty()) GTEST_SKIP() << "no test data (set LATHE_TEST_DATA)";
  const Table dev = read_table(root + "/dev.tsv");
  int64_t positive = 0;
  for (int64_t row = 0; row < dev.rows(); ++row) positive += dev.column("Quality").integer(row);
  EXPECT_EQ(positive, 279);
}

TEST(RealFiles, CsvSpectrumMeansWhatItsJsonSays) {
  const std::string root = test_data("csv");
  if (root.empty()) GTEST_SKIP() << "no test data (set LATHE_TEST_DATA)";
  ReadOptions options;
  options.infer_types = false;
  const auto files = files_in(root + "/csvs");
  EXPECT_EQ(files.size(), 11u);
  for (const std::string& path : files) {
    const std::string name = path.substr(path.rfind('/') + 1);
    const Table table = read_table(path, options);
    const Json expected =
        read_json_file(root + "/json/" + name.substr(0, name.size() - 4) + ".json");
    ASSERT_EQ(static_cast<std::size_t>(table.rows()), expected.as_array().size()) << name;
    for (std::size_t row = 0; row < expected.as_array().size(); ++row) {
      const Json::Object& members = expected.as_array()[row].as_object();
      EXPECT_EQ(members.size(), table.columns().size()) << name;
      for (const auto& [key, value] : members) {
        EXPECT_EQ(table.column(key).text(static_cast<int64_t>(row)), value.as_string()) << name;
      }
    }
  }
}

bool parses(const std::string& text) {
  try {
    parse_json(text, "x.json");
    return true;
  } catch (const Error&) {
    return false;
  }
}

// y_ must parse, n_ must not, i_ may do either but must not do worse.
TEST(RealFiles, JsonTestSuite) {
  const std::string root = test_data("json/test_parsing");
  if (root.empty()) GTEST_SKIP() << "no test data (set LATHE_TEST_DATA)";
  const auto files = files_in(root);
  EXPECT_EQ(files.size(), 318u);
  for (const std::string& path : files) {
    const std::string name = path.substr(path.rfind('/') + 1);
    const bool accepted = parses(read_file(path));
    if (name[0] != 'i') {
      EXPECT_EQ(accepted, name[0] == 'y') << name;
    }
  }
}

// Whatever the suite holds as a whole file, a table made of it is read or refused in one line.
TEST(RealFiles, JsonTestSuiteAsTables) {
  const std::string root = test_data("json/test_parsing");
  if (root.empty()) GTEST_SKIP() << "no test data (set LATHE_TEST_DATA)";
  for (const std::string& path : files_in(root)) {
    const std::string value = read_file(path);
    const std::string name = path.substr(path.rfind('/') + 1);
    if (name[0] != 'n') continue;
    for (const std::string& text : {"[{\"a\": " + value + "}]", "{\"a\": " + value + "}\n"}) {
      try {
        parse_table(text, "x.json");
        // Text that only a file's end makes wrong ("1]", "") may be right inside another.
        EXPECT_NO_THROW(parse_json(text, "x.json")) << name;
      } catch (const Error& error) {
        EXPECT_EQ(std::string(error.what()).find('\n'), std::string::npos) << name;
      }
    }
  }
}

}  // namespace
}  // namespace lathe
