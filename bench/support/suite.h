// Work that is checked before it is timed, as Google Benchmark's benchmarks.
#pragma once

#include <benchmark/benchmark.h>

#include <cstdint>
#include <functional>
#include <string>

namespace lathe::bench {

// What a run of some work costs at least, beside which its time is shown: operations of its matrix
// products (GFLOP/s, per cent of the arithmetic peak of its threads), else bytes read and written
// (GB/s, per cent of what copying as many takes). Things done are counted in either case.
struct Cost {
  double flops = 0;
  double bytes = 0;
  bool bfloat16 = false;     // those products are of bfloat16s
  double items = 0;          // done in a run
  const char* of_what = "";  // "samples/s"
  int threads = 1;           // that work on it: their arithmetic peaks add up
};

// Sets the counters of a benchmark of work that takes so long, on a backend of that name.
void show(benchmark::State& state, const Cost& cost, double seconds, const char* backend);

struct Work {
  // Empty, or what is wrong with what the work gives; asked once, before it is timed. It may do it
  // on a smaller problem where only the reference can tell.
  std::function<std::string()> check;
  std::function<void()> run;
  Cost cost;
  std::function<void()> before = [] {};  // done before every run, and not timed
};

// A benchmark of the work that `prepare` makes (when it is its turn, so that suites need no more
// memory than their largest work), on one thread, on all threads of the machine, or on each. Its
// time is the best of at least two runs and of all that half a second holds, after one that is not
// counted. Work whose check fails is reported as an error, not timed.
enum class Threads { kOne, kAll, kOneAndAll };
void add(const std::string& name, Threads threads, const std::function<Work()>& prepare);

// Runs what has been added and the command line selects; what main returns.
int run_suite(int argc, char** argv);

}  // namespace lathe::bench
