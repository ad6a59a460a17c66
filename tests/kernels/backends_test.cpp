// Every case on every CPU backend that this processor runs, against the reference.
#include <gtest/gtest.h>

#include "tests/kernels/cases.h"
#include "tests/kernels/compare.h"

namespace lathe::testing {
namespace {

// Sums of up to 1000 products in float, against double: the rounding errors of n additions add up
// to about sqrt(n) 2^-24 of the sum's size, 2e-6 here; the elementary functions add 5e-6 where
// their value is small. The tolerance leaves a factor of 4.
constexpr double kTolerance = 2e-5;

std::vector<const Kernels*> backends() {
  std::vector<const Kernels*> tables;
  for (const Kernels* const* t = available_cpu_kernels(); *t != nullptr; ++t) tables.push_back(*t);
  return tables;
}

void expect_equals_reference(const std::vector<Case>& cases) {
  for (const Case& c : cases) {
    const Operands expected = run_case(c, reference_kernels());
    for (const Kernels* backend : backends()) {
      for (int64_t offset : {0, 1}) {
        const Operands found = run_case(c, *backend, offset);
        EXPECT_EQ(difference(expected, found, kTolerance), "")
            << c.name << " on " << backend->name << ", offset " << offset;
      }
    }
  }
}

void expect_any_number_of_threads(const std::vector<Case>& cases) {
  for (const Case& c : cases) {
    for (const Kernels* backend : backends()) {
      const Operands one = run_case(c, *backend, 0, 1);
      for (int threads : {2, 3, 8}) {
        const Operands many = run_case(c, *backend, 0, threads);
        EXPECT_EQ(bitwise_difference(one, many), "")
            << c.name << " on " << backend->name << ", " << threads << " threads";
      }
    }
  }
}

TEST(BackendsTest, GemmEqualsReference) { expect_equals_reference(gemm_cases()); }
TEST(BackendsTest, GemmOnAnyNumberOfThreads) { expect_any_number_of_threads(gemm_cases()); }

}  // namespace
}  // namespace lathe::testing
