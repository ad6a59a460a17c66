// What the tests of data/ share: tables from text, columns as text, and where the real files are.
#pragma once

#include <string>
#include <vector>

#include "data/reader.h"

namespace lathe::testing {

// Every value as a person would write it; nulls as "null", lists as "[1, 2]".
std::vector<std::string> shown(const Column& column);

// `folder` of the test data ($LATHE_TEST_DATA, else ../shared/data), or "" where it is absent.
std::string test_data(const std::string& folder);

// The files in a directory, sorted.
std::vector<std::string> files_in(const std::string& directory);

}  // namespace lathe::testing
