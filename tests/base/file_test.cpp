#include "base/file.h"

#include <gtest/gtest.h>
#include <sys/resource.h>
#include <unistd.h>

#include <csignal>

#include "tests/temporary_directory.h"

namespace lathe {
namespace {

using testing::error_of;
using testing::TemporaryDirectory;

TEST(AtomicFile, PublishesTheWholeFileOnCommit) {
  const TemporaryDirectory directory;
  const std::string path = directory.file("a");
  {
    AtomicFile file(path);
    file.write("half");
    EXPECT_FALSE(file_exists(path));
    file.write(" whole");
    file.commit();
  }
  EXPECT_EQ(read_file(path), "half whole");
  EXPECT_EQ(directory.entries(), 1);
}

TEST(AtomicFile, LeavesTheOldFileWithoutCommit) {
  const TemporaryDirectory directory;
  write_file(directory.file("a"), "old");
  { AtomicFile(directory.file("a")).write("new"); }
  EXPECT_EQ(read_file(directory.file("a")), "old");
  EXPECT_EQ(directory.entries(), 1);
}

TEST(AtomicFile, ReportsAFullDiskAndLeavesNothing) {
  const TemporaryDirectory directory;
  rlimit before{};
  getrlimit(RLIMIT_FSIZE, &before);
  const auto old_handler = std::signal(SIGXFSZ, SIG_IGN);
  const rlimit small{1024, before.rlim_max};
  setrlimit(RLIMIT_FSIZE, &small);
  const std::string message =
      error_of([&] { write_file(directory.file("a"), std::string(4096, 'x')); });
  setrlimit(RLIMIT_FSIZE, &before);
  std::signal(SIGXFSZ, old_handler);
  EXPECT_EQ(message, directory.file("a") + ": cannot be written: File too large");
  EXPECT_EQ(directory.entries(), 0);
}

TEST(AtomicFile, NamesADirectoryThatIsNotThere) {
  const TemporaryDirectory directory;
  EXPECT_EQ(error_of([&] { AtomicFile(directory.file("none/a")); }),
            directory.file("none/a") + ": cannot be written: No such file or directory");
}

TEST(MappedFile, ReadsEmptyFilesAndRefusesWhatIsNotAFile) {
  const TemporaryDirectory directory;
  write_file(directory.file("empty"), "");
  EXPECT_TRUE(MappedFile(directory.file("empty")).bytes().empty());
  EXPECT_EQ(error_of([&] { MappedFile(directory.file("none")); }),
            directory.file("none") + ": cannot be read: No such file or directory");
  EXPECT_EQ(error_of([&] { MappedFile{directory.path()}; }),
            directory.path() + ": is a directory, a file is needed");
}

TEST(MakeWritableDirectory, MakesParentsAndRefusesAFileInTheWay) {
  const TemporaryDirectory directory;
  make_writable_directory(directory.file("a/b/c"));
  write_file(directory.file("a/b/c/file"), "x");
  EXPECT_NE(error_of([&] {
              make_writable_directory(directory.file("a/b/c/file"));
            }).find("a file of that name exists"),
            std::string::npos);
}

TEST(NearestName, FindsTypingErrorsAndNothingElse) {
  const std::vector<std::string> names = {"learning_rate", "seed", "train_file"};
  EXPECT_EQ(nearest_name("learning_rat", names), "learning_rate");
  EXPECT_EQ(nearest_name("trainfile", names), "train_file");
  EXPECT_EQ(nearest_name("zzzzzzzz", names), "");
}

}  // namespace
}  // namespace lathe
