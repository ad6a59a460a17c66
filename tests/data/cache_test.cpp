// The cache: found again, made again when damaged, whole whatever happens to the writer.
#include "data/cache.h"

#include <gtest/gtest.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <filesystem>
#include <fstream>

#include "base/file.h"
#include "data/arrow_reader.h"
#include "data/operations.h"
#include "tests/data/table_testing.h"
#include "tests/temporary_directory.h"

namespace lathe {
namespace {

using testing::shown;

std::string name_of_step(int64_t step) { return Fingerprint().add("test").add(step).hex(); }

Table texts(int64_t rows, int64_t step) {
  std::string lines;
  for (int64_t i = 0; i < rows; ++i) lines += concat("row ", i, " of ", step, "\n");
  return parse_table(lines, "t.txt");
}

class Cache : public ::testing::Test {
 protected:
  DatasetCache::Result get(int64_t step, int64_t rows = 100) {
    return cache_.get(name_of_step(step), [&] {
      ++made_;
      return texts(rows, step);
    });
  }

  testing::TemporaryDirectory directory_;
  DatasetCache cache_{directory_.file("cache")};
  int made_ = 0;
};

TEST_F(Cache, FindsWhatItMade) {
  EXPECT_FALSE(get(1).found);
  const DatasetCache::Result again = get(1);
  EXPECT_TRUE(again.found);
  EXPECT_EQ(made_, 1);
  EXPECT_EQ(shown(again.table.column("text")), shown(texts(100, 1).column("text")));
  EXPECT_FALSE(get(2).found);
  EXPECT_EQ(cache_.entries().size(), 2U);
  cache_.get(
      name_of_step(1), [&] { return texts(3, 1); }, /*anew=*/true);
  EXPECT_EQ(get(1).table.rows(), 3);
}

TEST_F(Cache, MakesAgainWhatIsDamaged) {
  get(1);
  const std::string path = cache_.entries().at(0).path;
  const std::string whole = read_file(path);
  for (std::size_t place : {std::size_t{0}, whole.size() / 3, whole.size() / 2, whole.size() - 1}) {
    std::string damaged = whole;
    damaged[place] = static_cast<char>(damaged[place] ^ 4);
    std::ofstream(path, std::ios::binary) << damaged;
    EXPECT_FALSE(get(1).found) << place;
    EXPECT_EQ(read_file(path), whole) << place;
  }
  std::ofstream(path, std::ios::binary) << whole.substr(0, whole.size() / 2);
  EXPECT_EQ(get(1).table.rows(), 100);
}

TEST_F(Cache, KeepsWithinItsLimit) {
  get(1);
  const int64_t size = cache_.entries().at(0).bytes;
  cache_.set_limit(size * 5 / 2);
  for (int64_t step = 2; step < 6; ++step) {
    get(step);
    // The time of use has the resolution of a second in entries(): what is older is made older.
    for (const DatasetCache::Entry& entry : cache_.entries()) {
      const auto before = std::filesystem::last_write_time(entry.path);
      std::filesystem::last_write_time(entry.path, before - std::chrono::minutes(1));
    }
  }
  ASSERT_EQ(cache_.entries().size(), 2U);
  EXPECT_EQ(cache_.entries().at(0).name, name_of_step(5));
  EXPECT_EQ(cache_.entries().at(1).name, name_of_step(4));
  EXPECT_EQ(cache_.shrink(0), 2);
  EXPECT_TRUE(cache_.entries().empty());
}

TEST_F(Cache, WithoutAPlaceTheResultIsInMemory) {
  write_file(directory_.file("file"), "");
  const DatasetCache in_the_way(directory_.file("file"));
  const auto result = in_the_way.get(name_of_step(1), [] { return texts(5, 1); });
  EXPECT_EQ(result.table.rows(), 5);
  EXPECT_EQ(result.problem,
            directory_.file("file") + ": cannot be created: a file of that name exists");
}

// A child that makes entries until it is killed.
void make_entries(const DatasetCache& cache, int64_t first) {
  for (int64_t step = first; step < first + 1000; ++step) {
    cache.get(
        name_of_step(step % 20), [&] { return texts(2000, step % 20); }, /*anew=*/true);
  }
  _exit(0);
}

TEST_F(Cache, IsWholeWheneverItsWritersAreKilled) {
  constexpr int kKills = 200;
  for (int kill_number = 0; kill_number < kKills; ++kill_number) {
    pid_t writers[2];  // that make the same entries at once
    for (pid_t& writer : writers) {
      writer = fork();
      if (writer == 0) make_entries(cache_, kill_number);
    }
    usleep(static_cast<useconds_t>(300 + 211 * kill_number % 7919));
    for (const pid_t writer : writers) {
      kill(writer, SIGKILL);
      waitpid(writer, nullptr, 0);
    }
    for (const DatasetCache::Entry& entry : cache_.entries()) {
      const Table table = open_arrow(entry.path, {.verify_checksums = true}).table;
      ASSERT_EQ(table.rows(), 2000) << entry.path;
    }
  }
  EXPECT_FALSE(cache_.entries().empty());
  // What the killed left goes when it is old.
  for (const auto& file : std::filesystem::directory_iterator(cache_.directory())) {
    std::filesystem::last_write_time(
        file.path(), std::filesystem::file_time_type::clock::now() - std::chrono::hours(48));
  }
  cache_.shrink(0);
  EXPECT_TRUE(testing::files_in(cache_.directory()).empty());
}

TEST_F(Cache, AFullDiskLeavesNothingBehind) {
  get(1, 10);
  const pid_t child = fork();
  if (child == 0) {
    std::signal(SIGXFSZ, SIG_IGN);  // a write beyond the limit fails, as on a full disk
    const rlimit limit{10000, 10000};
    setrlimit(RLIMIT_FSIZE, &limit);
    const DatasetCache::Result result = get(2, 5000);
    _exit(!result.found && result.table.rows() == 5000 &&
                  result.problem.find("cannot be written") != std::string::npos
              ? 0
              : 1);
  }
  int status = 0;
  waitpid(child, &status, 0);
  EXPECT_EQ(status, 0);
  EXPECT_EQ(testing::files_in(cache_.directory()).size(), 1U);
}

TEST(Content, IsTheSameHoweverItIsCutIntoChunks) {
  const auto content = [](const Column& column) {
    Fingerprint fingerprint;
    add_content(fingerprint, column);
    return fingerprint.hex();
  };
  const Table whole = open_arrow("tests/golden/arrow/types_file.arrow").table;
  const Table other = concatenate({slice(whole, 0, 1), slice(whole, 1, 6), slice(whole, 6, 10)});
  const Table copied = whole.select({0, 1, 2, 3, 4, 5, 6, 7, 8, 9});
  const Table changed = whole.select({0, 1, 2, 3, 4, 5, 6, 7, 9, 8});
  for (const Column& column : whole.columns()) {
    const std::string& name = column.name();
    EXPECT_EQ(content(column), content(other.column(name))) << name;
    EXPECT_EQ(content(column), content(copied.column(name))) << name;
    EXPECT_NE(content(column), content(changed.column(name))) << name;
    EXPECT_EQ(content(column), content(column.renamed("x"))) << name;
  }
}

}  // namespace
}  // namespace lathe
