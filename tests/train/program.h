// Running the program as a person does, on a tiny checkpoint and tiny files.
#pragma once

#include <gtest/gtest.h>

#include <string>

#include "base/file.h"
#include "tests/temporary_directory.h"

namespace lathe::testing {

struct Outcome {
  int status;
  std::string out, err;
};

// build/FLAVOUR/NAME, where the environment variable FLAVOUR says which build is tested.
std::string built(const std::string& name);

// Runs a shell command.
Outcome run(const std::string& command);

// A directory with a checkpoint `model` of a tiny BERT and its vocabulary, and the labelled files
// train.csv (24 rows) and dev.csv (8 rows): text, label no or yes.
class Workplace {
 public:
  Workplace();
  std::string file(const std::string& name) const { return directory_.file(name); }
  // `lathe COMMAND OPTIONS`, run in this directory.
  Outcome lathe(const std::string& arguments) const;
  // lathe train with the files above and batches of 4, into `output`.
  Outcome train(const std::string& output, const std::string& more = "") const;

 private:
  TemporaryDirectory directory_;
};

// Runs the program in a directory of its own.
class Program : public ::testing::Test {
 protected:
  void SetUp() override {
    if (!file_exists(built("lathe"))) GTEST_SKIP() << built("lathe") << " has not been built";
  }

  // Exit status 1 and one line on stderr, beginning with "lathe: ".
  static void expect_error(const Outcome& outcome, const std::string& message) {
    EXPECT_EQ(outcome.status, 1);
    EXPECT_EQ(outcome.err, "lathe: " + message + "\n");
  }
  static void expect_success(const Outcome& outcome) {
    EXPECT_EQ(outcome.status, 0) << outcome.err;
    EXPECT_EQ(outcome.err, "");
  }
  std::string bytes(const std::string& name) const { return read_file(work_.file(name)); }

  Workplace work_;
};

}  // namespace lathe::testing
