// Steps that are done once, and found afterwards.
#include "data/dataset.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

#include "base/file.h"
#include "tests/data/table_testing.h"
#include "tests/temporary_directory.h"

namespace lathe {
namespace {

using testing::shown;

class Steps : public ::testing::Test {
 protected:
  Steps() { write_file(directory_.file("t.csv"), "text,label\nb,no\na,yes\nc,no\nd,yes\n"); }

  // The program that is run twice. Counts how often its function is called.
  std::pair<Dataset, Dataset> run(const std::string& facts = "upper-case, 1") {
    found_.clear();
    const auto note = [&](const Dataset& step) {
      found_.push_back(step.from_cache() ? '1' : '0');
      return step;
    };
    Dataset data = note(Dataset::read(directory_.file("t.csv"), options_, cache_));
    data = note(data.map_rows(facts, [&](const Table& table, int64_t row) {
#pragma omp atomic
      ++calls_;
      const char letter = table.column("text").text(row)[0];
      return Json::Object{{"text", std::string(1, static_cast<char>(letter - 'a' + 'A'))}};
    }));
    data = note(data.filter("not C", [](const Table& table, int64_t row) {
      return table.column("text").text(row) != "C";
    }));
    data = note(data.class_encode_column("label").rename_column("label", "labels"));
    data = note(data.shuffle(seed_).sort({{"text"}}));
    auto parts = data.train_test_split({.test_rows = 1, .shuffle = false});
    note(parts.first);
    note(parts.second);
    return parts;
  }

  testing::TemporaryDirectory directory_;
  std::optional<DatasetCache> cache_ = DatasetCache(directory_.file("cache"));
  ReadOptions options_;
  uint64_t seed_ = 1;
  int calls_ = 0;
  std::string found_;
};

void expect_result(const std::pair<Dataset, Dataset>& parts) {
  EXPECT_EQ(shown(parts.first.table().column("text")), (std::vector<std::string>{"A", "B"}));
  EXPECT_EQ(shown(parts.second.table().column("text")), (std::vector<std::string>{"D"}));
  EXPECT_EQ(shown(parts.first.table().column("labels")), (std::vector<std::string>{"1", "0"}));
  EXPECT_NE(parts.first.table().column("labels").labels(), nullptr);
}

TEST_F(Steps, TheSecondRunOpensWhatTheFirstWrote) {
  expect_result(run());
  EXPECT_EQ(calls_, 4);
  EXPECT_EQ(found_, "0000000");
  expect_result(run());
  EXPECT_EQ(calls_, 4);
  EXPECT_EQ(found_, "1110111");  // renaming keeps nothing
}

TEST_F(Steps, WhatFollowsAChangeIsDoneAnew) {
  run();
  seed_ = 2;
  expect_result(run());
  EXPECT_EQ(found_, "1110000");
  expect_result(run("upper-case, 2"));
  EXPECT_EQ(found_, "1000000");
  options_.null_values = {"-"};
  run();
  EXPECT_EQ(found_, "0000000");
  options_ = {};
  write_file(directory_.file("t.csv"), "text,label\nb,no\na,yes\nc,yes\nd,yes\n");
  run();
  EXPECT_EQ(found_, "0000000");
}

TEST_F(Steps, ADamagedResultIsMadeAgain) {
  run();
  for (const DatasetCache::Entry& entry : cache_->entries()) {
    std::filesystem::resize_file(entry.path, static_cast<uintmax_t>(entry.bytes / 2));
  }
  expect_result(run());
  EXPECT_EQ(found_, "0000000");
  EXPECT_EQ(calls_, 8);
}

TEST_F(Steps, WorkWithoutACache) {
  const std::string name = run().first.fingerprint();
  cache_.reset();
  const auto parts = run();
  expect_result(parts);
  EXPECT_EQ(parts.first.fingerprint(), name);
  cache_ = DatasetCache(directory_.file("t.csv"));  // no directory: nothing can be kept
  expect_result(run());
  EXPECT_EQ(found_, "0000000");
}

TEST_F(Steps, ContentIsWhatCounts) {
  const Table table = read_table(directory_.file("t.csv"));
  const Dataset a(table), b(concatenate({slice(table, 0, 1), slice(table, 1, 4)}));
  EXPECT_EQ(a.fingerprint(), b.fingerprint());
  EXPECT_NE(a.fingerprint(), Dataset(rename_column(table, "text", "t")).fingerprint());
  EXPECT_NE(a.slice(0, 1).fingerprint(), a.slice(0, 2).fingerprint());
  EXPECT_NE(a.select_columns({"text", "label"}).fingerprint(), a.fingerprint());
  EXPECT_EQ(a.shard(2, 1).remove_columns({"label"}).table().rows(), 2);
  EXPECT_EQ(a.select({3, 0}).cast_column("text", ColumnType::kLargeUtf8).table().rows(), 2);
  EXPECT_THROW(a.filter("fails", [](const Table&, int64_t) -> bool { fail("no"); }), Error);
}

}  // namespace
}  // namespace lathe
