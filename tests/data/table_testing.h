// What the tests of data/ share: tables from text, columns as text, and where the real files are.
#pragma once

#include <omp.h>

#include <string>
#include <vector>

#include "data/reader.h"

namespace lathe::testing {

// While it lives, work is done by one thread: for tests of many small inputs, which waiting for
// others would make slow.
class OneThread {
 public:
  OneThread() { omp_set_num_threads(1); }
  ~OneThread() { omp_set_num_threads(threads_); }
  OneThread(const OneThread&) = delete;
  OneThread& operator=(const OneThread&) = delete;

 private:
  int threads_ = omp_get_max_threads();
};

// Every value as a person would write it; nulls as "null", lists as "[1, 2]".
std::vector<std::string> shown(const Column& column);

// A text as a .gz and as a .zst file hold it.
std::string gzipped(const std::string& text);
std::string zstandard(const std::string& text);

// `folder` of the test data ($LATHE_TEST_DATA, else ../shared/data), or "" where it is absent.
std::string test_data(const std::string& folder);

// The files in a directory, sorted.
std::vector<std::string> files_in(const std::string& directory);

}  // namespace lathe::testing
