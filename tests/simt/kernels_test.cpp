// The kernels of kernels/cuda/, run by the emulator on every case that the other backends pass,
// against the reference.
#include <gtest/gtest.h>

#include "kernels/cuda/gemm.h"
#include "kernels/cuda/ops.h"
#include "tests/kernels/cases.h"
#include "tests/kernels/compare.h"

namespace lathe::testing {
namespace {

constexpr double kTolerance = 2e-5;  // as tests/kernels/backends_test.cpp has it

void expect_equals_reference(const std::vector<Case>& cases,
                             const Kernels& kernels = cuda_emulated::kernels(),
                             const std::vector<int64_t>& offsets = {0, 1}) {
  for (const Case& c : cases) {
    const Operands expected = run_case(c, reference_kernels(), prepare(c));
    for (int64_t offset : offsets) {
      std::string found;
      try {
        found = difference(expected, run_case(c, kernels, prepare(c, offset)), kTolerance);
      } catch (const simt::Violation& violation) {
        found = violation.what();
      }
      EXPECT_EQ(found, "") << c.name << ", offset " << offset;
    }
  }
}

void gemm_large_tiles(const GemmArgs& args, Stream stream) {
  cuda_emulated::gemm_tiled(args, 128, stream);
}

TEST(CudaKernelsTest, NoOpIsMissing) { EXPECT_EQ(missing_op(cuda_emulated::kernels()), nullptr); }

// Rounding operands is one step of the kernel: the small problems show it, and the emulator is
// slow.
std::vector<Case> emulated_gemm_cases() {
  std::vector<Case> cases = gemm_cases();
  std::erase_if(cases, [](const Case& c) { return c.name.ends_with("_bf16") && c.flops > 1e5; });
  return cases;
}

TEST(CudaKernelsTest, GemmEqualsReference) { expect_equals_reference(emulated_gemm_cases()); }

TEST(CudaKernelsTest, GemmInLargeTilesEqualsReference) {
  Kernels kernels = cuda_emulated::kernels();
  kernels.gemm = gemm_large_tiles;
  expect_equals_reference(emulated_gemm_cases(), kernels, {0});
}

TEST(CudaKernelsTest, AttentionEqualsReference) { expect_equals_reference(attention_cases()); }
TEST(CudaKernelsTest, AddNormEqualsReference) { expect_equals_reference(add_norm_cases()); }
TEST(CudaKernelsTest, EmbeddingEqualsReference) { expect_equals_reference(embedding_cases()); }
TEST(CudaKernelsTest, RowsEqualsReference) { expect_equals_reference(rows_cases()); }
TEST(CudaKernelsTest, LossEqualsReference) { expect_equals_reference(loss_cases()); }
TEST(CudaKernelsTest, OptimizerEqualsReference) { expect_equals_reference(optimizer_cases()); }

}  // namespace
}  // namespace lathe::testing
