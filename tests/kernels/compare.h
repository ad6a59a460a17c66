// Comparing what two runs left in their operands.
#pragma once

#include <string>

#include "tests/kernels/cases/case.h"

namespace lathe::testing {

// The operands of a case before it runs.
Operands prepare(const Case& c, int64_t offset = 0);

// What a backend leaves of them, with that many OpenMP threads.
Operands run_case(const Case& c, const Kernels& kernels, Operands operands, int threads = 1);

// What a case starts from, and what a backend makes of it.
struct Expectation {
  Operands operands, results;
};
Expectation expect_of(const Case& c, const Kernels& kernels, int threads = 1);

// The same of one problem as floats and as bfloat16s, from a backend that may take floats alone:
// both start from values that bfloat16s hold, and what it leaves is rounded for the second.
struct BothExpected {
  Expectation floats, bfloat16s;
};
BothExpected expect_both(const Case& floats, const Case& bfloat16s, const Kernels& kernels,
                         int threads = 1, int64_t offset = 0);

// Empty, or what differs: every float is within `tolerance` times (its reference's size plus the
// root mean square of the reference's buffer), every bfloat16 within `half_tolerance` times that,
// by default one unit in its last place; other data is equal.
std::string difference(const Operands& reference, const Operands& other, double tolerance,
                       double half_tolerance = 0x1p-7);

// Empty, or what differs, bit by bit.
std::string bitwise_difference(const Operands& one, const Operands& other);

}  // namespace lathe::testing
