// Every case of the kernels on this machine's GPU, against the reference, for every way of
// multiplying matrices.
#include <gtest/gtest.h>

#include "tests/cuda/gpu.h"
#include "tests/kernels/cases.h"
#include "tests/kernels/compare.h"
#include "tests/kernels/gemm_by_cut.h"

namespace lathe::testing {
namespace {

constexpr double kTolerance = 2e-5;  // as tests/kernels/backends_test.cpp has it

class GpuKernels : public GpuTest {
 protected:
  static Operands run(const Case& c, const Kernels& kernels, int64_t offset) {
    Operands operands = prepare(c, offset);
    operands.move_to(*gpu());
    c.run(kernels, operands);
    operands.fetch();
    return operands;
  }
  static Operands run(const Case& c, Gemm gemm, int64_t offset) {
    return run(c, gpu()->kernels(gemm), offset);
  }

  static void expect_equals_reference(const std::vector<Case>& cases, Gemm gemm = Gemm::kCublas,
                                      double tolerance = kTolerance,
                                      double half_tolerance = 0x1p-7) {
    for (const Case& c : cases) {
      const Operands expected = run_case(c, reference_kernels(), prepare(c));
      for (int64_t offset : {0, 1}) {
        EXPECT_EQ(difference(expected, run(c, gemm, offset), tolerance, half_tolerance), "")
            << c.name << ", offset " << offset;
      }
      EXPECT_EQ(bitwise_difference(run(c, gemm, 0), run(c, gemm, 0)), "") << c.name << ", twice";
    }
  }
};

TEST_F(GpuKernels, NoOpIsMissing) {
  for (const Gemm gemm : {Gemm::kCublas, Gemm::kOwn}) {
    EXPECT_EQ(missing_op(gpu()->kernels(gemm)), nullptr);
  }
}

TEST_F(GpuKernels, OurGemmEqualsReference) { expect_equals_reference(gemm_cases(), Gemm::kOwn); }
TEST_F(GpuKernels, EveryCutOfOurGemmEqualsReference) {
  if (!has_gemm_by_cut()) GTEST_SKIP() << "not a Hopper GPU";
  Kernels kernels = gpu()->kernels(Gemm::kOwn);
  kernels.gemm = gemm_by_cut;
  for (const Case& c : gemm_cases_to_cut()) {
    const Operands expected = run_case(c, reference_kernels(), prepare(c));
    for (const GemmCut& cut : gemm_cuts()) {
      set_gemm_cut(cut);
      const Operands found = run(c, kernels, 0);
      EXPECT_EQ(difference(expected, found, kTolerance, 0x1p-7), "")
          << c.name << ", " << to_string(cut);
      EXPECT_EQ(bitwise_difference(found, run(c, kernels, 0)), "") << c.name << ", twice";
    }
  }
}
TEST_F(GpuKernels, GemmByCublasEqualsReference) {
  // For bf16 cublasLt may round to formats of more digits: factors that need no rounding.
  std::vector<Case> exact = gemm_cases(), rounded = gemm_cases();
  std::erase_if(exact, [](const Case& c) { return c.name.ends_with("_bf16"); });
  std::erase_if(rounded, [](const Case& c) { return !c.name.ends_with("_bf16"); });
  expect_equals_reference(exact);
  expect_equals_reference(with_bf16_factors(rounded));
}
// In bf16, with the tolerances of tests/simt/kernels_test.cpp; of long rows and sums of rounded
// numbers those of the widest.
TEST_F(GpuKernels, GemmInBf16EqualsReference) {
  for (const Gemm gemm : {Gemm::kCublas, Gemm::kOwn}) {
    expect_equals_reference(gemm_cases_in_bf16(), gemm);
  }
}
TEST_F(GpuKernels, OthersInBf16EqualReference) {
  constexpr Precision kBF16 = Precision::kBF16;
  expect_equals_reference(attention_cases(kBF16), Gemm::kCublas, 1e-4, 0x1p-6);
  expect_equals_reference(add_norm_cases(kBF16), Gemm::kCublas, 0x1p-6, 0x1p-6);
  expect_equals_reference(embedding_cases(kBF16), Gemm::kCublas, 0x1p-5, 0x1p-6);
  expect_equals_reference(rows_cases_in_bf16());
  expect_equals_reference(optimizer_cases(true));
}
TEST_F(GpuKernels, AttentionEqualsReference) { expect_equals_reference(attention_cases()); }
TEST_F(GpuKernels, AddNormEqualsReference) { expect_equals_reference(add_norm_cases()); }
TEST_F(GpuKernels, EmbeddingEqualsReference) { expect_equals_reference(embedding_cases()); }
TEST_F(GpuKernels, RowsEqualsReference) { expect_equals_reference(rows_cases()); }
TEST_F(GpuKernels, LossEqualsReference) { expect_equals_reference(loss_cases()); }
TEST_F(GpuKernels, OptimizerEqualsReference) { expect_equals_reference(optimizer_cases()); }

}  // namespace
}  // namespace lathe::testing
