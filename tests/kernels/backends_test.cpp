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
// Of bfloat16s, whose rounding is half a unit of the eighth digit.
constexpr double kHalfTolerance = 0x1p-7;

std::vector<const Kernels*> backends() {
  std::vector<const Kernels*> tables;
  for (const Kernels* const* t = available_cpu_kernels(); *t != nullptr; ++t) tables.push_back(*t);
  return tables;
}

void expect_equals_reference(const std::vector<Case>& cases, double tolerance = kTolerance,
                             double half_tolerance = kHalfTolerance) {
  for (const Case& c : cases) {
    const Operands expected = run_case(c, reference_kernels(), prepare(c));
    for (int64_t offset : {0, 1}) {
      const Operands operands = prepare(c, offset);
      for (const Kernels* backend : backends()) {
        const Operands found = run_case(c, *backend, operands);
        EXPECT_EQ(difference(expected, found, tolerance, half_tolerance), "")
            << c.name << " on " << backend->name << ", offset " << offset;
      }
    }
  }
}

void expect_any_number_of_threads(const std::vector<Case>& cases) {
  for (const Case& c : cases) {
    const Operands operands = prepare(c);
    for (const Kernels* backend : backends()) {
      const Operands one = run_case(c, *backend, operands, 1);
      for (int threads : {2, 3, 8}) {
        const Operands many = run_case(c, *backend, operands, threads);
        EXPECT_EQ(bitwise_difference(one, many), "")
            << c.name << " on " << backend->name << ", " << threads << " threads";
      }
    }
  }
}

TEST(BackendsTest, GemmEqualsReference) { expect_equals_reference(gemm_cases()); }
TEST(BackendsTest, GemmOnAnyNumberOfThreads) { expect_any_number_of_threads(gemm_cases()); }

TEST(BackendsTest, AttentionEqualsReference) { expect_equals_reference(attention_cases()); }
TEST(BackendsTest, AttentionOnAnyNumberOfThreads) {
  expect_any_number_of_threads(attention_cases());
}

TEST(BackendsTest, AttentionPoolEqualsReference) {
  expect_equals_reference(attention_pool_cases());
}
TEST(BackendsTest, AttentionPoolOnAnyNumberOfThreads) {
  expect_any_number_of_threads(attention_pool_cases());
}

TEST(BackendsTest, AddNormEqualsReference) { expect_equals_reference(add_norm_cases()); }
TEST(BackendsTest, AddNormOnAnyNumberOfThreads) { expect_any_number_of_threads(add_norm_cases()); }

TEST(BackendsTest, EmbeddingEqualsReference) { expect_equals_reference(embedding_cases()); }
TEST(BackendsTest, EmbeddingOnAnyNumberOfThreads) {
  expect_any_number_of_threads(embedding_cases());
}

TEST(BackendsTest, RowsEqualsReference) { expect_equals_reference(rows_cases()); }
TEST(BackendsTest, RowsOnAnyNumberOfThreads) { expect_any_number_of_threads(rows_cases()); }

// What is computed from rounded sums, or rounded on the way, is as coarse as they are.
TEST(BackendsTest, GemmInBf16EqualsReference) { expect_equals_reference(gemm_cases_in_bf16()); }
TEST(BackendsTest, OthersInBf16EqualReference) {
  constexpr Precision kBF16 = Precision::kBF16;
  expect_equals_reference(attention_cases(kBF16), kTolerance, 0x1p-6);
  expect_equals_reference(attention_pool_cases(kBF16));
  expect_equals_reference(add_norm_cases(kBF16), 0x1p-6, 0x1p-6);
  expect_equals_reference(embedding_cases(kBF16), 0x1p-5, 0x1p-6);
  expect_equals_reference(rows_cases_in_bf16());
  expect_equals_reference(optimizer_cases(true));
}
TEST(BackendsTest, InBf16OnAnyNumberOfThreads) {
  constexpr Precision kBF16 = Precision::kBF16;
  for (const std::vector<Case>& cases :
       {gemm_cases_in_bf16(), attention_cases(kBF16), attention_pool_cases(kBF16),
        add_norm_cases(kBF16), embedding_cases(kBF16), rows_cases_in_bf16(),
        optimizer_cases(true)}) {
    expect_any_number_of_threads(cases);
  }
}

TEST(BackendsTest, LossEqualsReference) { expect_equals_reference(loss_cases()); }
TEST(BackendsTest, LossOnAnyNumberOfThreads) { expect_any_number_of_threads(loss_cases()); }

TEST(BackendsTest, OptimizerEqualsReference) { expect_equals_reference(optimizer_cases()); }
TEST(BackendsTest, OptimizerOnAnyNumberOfThreads) {
  expect_any_number_of_threads(optimizer_cases());
}

}  // namespace
}  // namespace lathe::testing
