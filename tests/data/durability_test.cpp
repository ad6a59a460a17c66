// Steps of a dataset and directories of datasets, whatever happens to whoever writes them: what is
// opened afterwards is whole, or is made again.
#include <gtest/gtest.h>
#include <omp.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <csignal>
#include <filesystem>
#include <fstream>
#include <functional>
#include <thread>

#include "data/arrow_reader.h"
#include "data/dataset.h"
#include "data/dataset_directory.h"
#include "tests/data/table_testing.h"
#include "tests/temporary_directory.h"

namespace lathe {
namespace {

constexpr int64_t kRows = 1500;

Table numbered(int64_t seed) {
  std::string text = "text,number\n";
  for (int64_t i = 0; i < kRows; ++i) text += concat("row ", i, " of ", seed, ",", i, "\n");
  return parse_table(text, "t.csv");
}

// A process of its own, which has one thread, as a fork has.
pid_t start(const std::function<void()>& work) {
  const pid_t child = fork();
  if (child != 0) return child;
  omp_set_num_threads(1);
  work();
  _exit(0);
}

class Durability : public ::testing::Test {
 protected:
  Dataset steps(int64_t seed) const {
    return Dataset(numbered(seed), cache_)
        .shuffle(static_cast<uint64_t>(seed))
        .map_rows("half, 1",
                  [](const Table& table, int64_t row) {
                    return Json::Object{{"half", table.column("number").integer(row) / 2}};
                  })
        .sort({{"number", true}})
        .filter("all", [](const Table&, int64_t) { return true; });
  }
  void write(int64_t seed) const {
    const Table table = steps(seed).table();
    save_dataset(single_, table);
    save_dataset_dict(splits_, {{"train", table}, {"test", table}});
  }
  void expect_whole() const {
    for (const DatasetCache::Entry& entry : cache_.entries()) expect_rows(entry.path);
    if (std::filesystem::exists(single_)) expect_rows(single_);
    if (!std::filesystem::exists(splits_)) return;
    EXPECT_EQ(split_names(splits_), (std::vector<std::string>{"train", "test"}));
    for (const std::string& split : split_names(splits_)) expect_rows(splits_ + "/" + split);
  }
  static void expect_rows(const std::string& path) {
    EXPECT_EQ(open_dataset(path, {.verify_checksums = true}).table.rows(), kRows) << path;
  }

  testing::TemporaryDirectory directory_;
  DatasetCache cache_{directory_.file("cache")};
  const std::string single_ = directory_.file("single"), splits_ = directory_.file("splits");
};

TEST_F(Durability, IsWholeWheneverItsWriterIsKilled) {
  constexpr int kKills = 200;
  const auto begin = std::chrono::steady_clock::now();
  waitpid(start([&] { write(0); }), nullptr, 0);
  const auto whole = std::chrono::steady_clock::now() - begin;  // the time of what is interrupted
  for (int kill_number = 0; kill_number < kKills; ++kill_number) {
    const pid_t writer = start([&] {
      for (int64_t seed = kill_number; seed < kill_number + 1000; ++seed) {
        cache_.shrink(0);  // so that every step is written again
        write(seed);
      }
    });
    std::this_thread::sleep_for(whole * 3 * kill_number / (2 * kKills));
    kill(writer, SIGKILL);
    waitpid(writer, nullptr, 0);
    expect_whole();
    ASSERT_FALSE(HasFailure()) << "killed for the " << kill_number + 1 << "th time";
  }
  const Table table = steps(1).table();
  EXPECT_EQ(table.column("number").integer(0), kRows - 1);
  EXPECT_EQ(table.column("half").integer(0), (kRows - 1) / 2);
}

TEST_F(Durability, AFullDiskLeavesWhatWasThere) {
  write(1);
  const std::vector<std::string> before = testing::files_in(directory_.path());
  const pid_t writer = start([&] {
    std::signal(SIGXFSZ, SIG_IGN);  // a write beyond the limit fails, as on a full disk
    const rlimit limit{10000, 10000};
    setrlimit(RLIMIT_FSIZE, &limit);
    const Dataset kept_in_memory = steps(2);
    if (kept_in_memory.table().rows() != kRows || kept_in_memory.from_cache()) _exit(1);
    int errors = 0;
    for (const bool dict : {false, true}) {
      try {
        if (dict) {
          save_dataset_dict(splits_, {{"train", kept_in_memory.table()}});
        } else {
          save_dataset(single_, kept_in_memory.table());
        }
      } catch (const Error& error) {
        errors += std::string(error.what()).find("cannot be written") != std::string::npos ? 1 : 0;
      }
    }
    _exit(errors == 2 ? 0 : 2);
  });
  int status = 0;
  waitpid(writer, &status, 0);
  EXPECT_EQ(status, 0);
  EXPECT_EQ(testing::files_in(directory_.path()), before);
  expect_whole();
  EXPECT_TRUE(steps(1).from_cache());
}

// An entry that was cut off or overwritten, as a disk may leave it, is made again.
TEST_F(Durability, DamagedStepsAreMadeAgain) {
  steps(1);
  for (const DatasetCache::Entry& entry : cache_.entries()) {
    std::filesystem::resize_file(entry.path, static_cast<std::uintmax_t>(entry.bytes / 2));
  }
  const Dataset again = steps(1);
  EXPECT_FALSE(again.from_cache());
  EXPECT_EQ(again.table().column("number").integer(0), kRows - 1);
  expect_whole();
}

TEST_F(Durability, AFlippedBitOfADirectoryIsFound) {
  save_dataset(single_, numbered(1));
  const std::string path = single_ + "/data-00000-of-00001.arrow";
  const auto middle = static_cast<std::streamoff>(std::filesystem::file_size(path) / 2);
  std::fstream file(path, std::ios::in | std::ios::out | std::ios::binary);
  file.seekg(middle);
  const char byte = static_cast<char>(file.get() ^ 1);
  file.seekp(middle).put(byte);
  file.close();
  const std::string message =
      testing::error_of([&] { open_dataset(single_, {.verify_checksums = true}); });
  EXPECT_NE(message.find("checksum"), std::string::npos) << message;
}

}  // namespace
}  // namespace lathe
