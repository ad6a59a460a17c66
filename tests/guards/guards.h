// Pieces of work whose instructions are counted: `make guards` fails when one takes more than the
// table beside this file (instructions.tsv) says.
#pragma once

#include <functional>
#include <string>
#include <vector>

namespace lathe::testing {

struct Guard {
  std::string name;
  // Sets everything up, which is not counted, and returns the work. It holds what it works on.
  std::function<std::function<void()>()> prepare;
  // Whether the work has been done once when it is counted, so that memory is at hand and caches
  // are full, as in all but the first step of a program.
  bool again = true;
};

// One shape each of what a training step spends its time in.
std::vector<Guard> kernel_guards();
// Text into token ids, files into columns, columns into batches.
std::vector<Guard> data_guards();

}  // namespace lathe::testing
