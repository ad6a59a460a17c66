// Comparing what two runs left in their operands.
#pragma once

#include <string>

#include "tests/kernels/cases/case.h"

namespace lathe::testing {

// The operands of a case before it runs.
Operands prepare(const Case& c, int64_t offset = 0);

// What a backend leaves of them, with that many OpenMP threads.
Operands run_case(const Case& c, const Kernels& kernels, Operands operands, int threads = 1);

// Empty, or what differs: every float is within `tolerance` times (its reference's size plus the
// root mean square of the reference's buffer), every bfloat16 within `half_tolerance` times that,
// by default one unit in its last place; other data is equal.
std::string difference(const Operands& reference, const Operands& other, double tolerance,
                       double half_tolerance = 0x1p-7);

// Empty, or what differs, bit by bit.
std::string bitwise_difference(const Operands& one, const Operands& other);

}  // namespace lathe::testing
