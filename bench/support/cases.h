// Problems that are checked before they are timed.
#pragma once

#include <vector>

#include "tests/kernels/cases/case.h"

namespace lathe::bench {

// Runs every case that the command line selects (Google Benchmark's options) on every backend that
// this processor has, on one thread, and on the fastest on all threads. A case whose result is not
// the reference's is reported as an error, not timed. The time is the best of many runs: it says
// what the code can do, the mean would say what else the machine was doing. Beside it stand GFLOP/s
// or GB/s and the percentage of the peak of that many threads (bench/support/peaks.h).
// What main returns.
int run_cases(int argc, char** argv, const std::vector<testing::Case>& cases);

}  // namespace lathe::bench
