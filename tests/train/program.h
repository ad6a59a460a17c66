// Running the program as a person does, on a tiny checkpoint and tiny files.
#pragma once

#include <string>

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

}  // namespace lathe::testing
