// The kernels of kernels/cuda/, run by the emulator on every case that the other backends pass,
// against the reference.
#include <gtest/gtest.h>

#include <algorithm>

#include "kernels/cuda/gemm.h"
#include "kernels/cuda/ops.h"
#include "tests/kernels/cases.h"
#include "tests/kernels/compare.h"
#include "tests/kernels/gemm_by_cut.h"
#include "tests/simt/emulated_gpu.h"
#include "tests/simt/hopper.h"

namespace lathe::testing {
namespace {

constexpr double kTolerance = 2e-5;  // as tests/kernels/backends_test.cpp has it

// In memory that the host may not touch; with AddressSanitizer, which sees every bound of the
// host's memory and only pages of that, in the host's.
Operands run(const Case& c, const Kernels& kernels, Operands operands) {
#ifdef __SANITIZE_ADDRESS__
  return run_case(c, kernels, std::move(operands));
#else
  operands.move_to(emulated_gpu());
  c.run(kernels, operands);
  operands.fetch();
  return operands;
#endif
}

void expect_equals_reference(const std::vector<Case>& cases,
                             const Kernels& kernels = cuda_emulated::kernels(),
                             const std::vector<int64_t>& offsets = {0, 1},
                             double tolerance = kTolerance, double half_tolerance = 0x1p-7) {
  for (const Case& c : cases) {
    const Operands expected = run_case(c, reference_kernels(), prepare(c));
    for (int64_t offset : offsets) {
      std::string found;
      try {
        found =
            difference(expected, run(c, kernels, prepare(c, offset)), tolerance, half_tolerance);
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

// Every so-manieth case: a prime, so that every size, transposition and epilogue is met.
std::vector<Case> every(std::size_t prime, const std::vector<Case>& all) {
  std::vector<Case> some;
  for (std::size_t i = 0; i < all.size(); i += prime) some.push_back(all[i]);
  return some;
}

std::vector<Case> without(std::vector<Case> cases, const std::string& part_of_name) {
  std::erase_if(cases,
                [&](const Case& c) { return c.name.find(part_of_name) != std::string::npos; });
  return cases;
}

// Products in f32 and in bf16 are by different kernels.
std::vector<Case> of_precision(std::vector<Case> cases, bool bf16) {
  std::erase_if(cases, [=](const Case& c) { return c.name.ends_with("_bf16") != bf16; });
  return cases;
}

TEST(CudaKernelsTest, GemmEqualsReference) {
  expect_equals_reference(of_precision(gemm_cases(), false), cuda_emulated::kernels(Gemm::kOwn));
}

TEST(CudaKernelsTest, GemmInLargeTilesEqualsReference) {
  Kernels kernels = cuda_emulated::kernels();
  kernels.gemm = gemm_large_tiles;
  expect_equals_reference(every(3, of_precision(gemm_cases(), false)), kernels, {0});
}

// Of every kind of transposition, beyond the tiles of tensor cores.
std::vector<Case> gemm_cases_on_tensor_cores() {
  std::vector<Case> cases;
  for (const int64_t k : {33, 70}) {
    for (const bool ta : {false, true}) {
      for (const bool tb : {false, true}) {
        cases.push_back(gemm_case({.m = 140,
                                   .n = 133,
                                   .k = k,
                                   .transpose_a = ta,
                                   .transpose_b = tb,
                                   .accumulate = k == 33,
                                   .row_sum = true,
                                   .padding = k == 33 ? 3 : 0,
                                   .precision = Precision::kBF16}));
      }
    }
  }
  return cases;
}

TEST(CudaKernelsTest, GemmOnTensorCoresEqualsReference) {
  const Kernels& kernels = cuda_emulated::kernels(Gemm::kOwn);
  expect_equals_reference(gemm_cases_on_tensor_cores(), kernels);
  expect_equals_reference(every(3, of_precision(gemm_cases(), true)), kernels, {0});
}

// The same GPU as a Hopper with few multiprocessors, so that a block has more than one piece of
// work to do.
class HopperKernelsTest : public ::testing::Test {
 protected:
  void SetUp() override { be_hopper(2); }
  void TearDown() override { simt::pretend_to_be({}); }
  static void be_hopper(int multiprocessors) { simt::pretend_to_be({9, multiprocessors}); }
};

TEST_F(HopperKernelsTest, GemmEqualsReference) {
  const Kernels& kernels = cuda_emulated::kernels(Gemm::kOwn);
  expect_equals_reference(gemm_cases_on_tensor_cores(), kernels, {0});
  expect_equals_reference(every(3, of_precision(gemm_cases(), true)), kernels, {0});
}

TEST_F(HopperKernelsTest, GemmInBf16EqualsReference) {
  expect_equals_reference(gemm_cases_in_bf16(), cuda_emulated::kernels(Gemm::kOwn));
}

TEST_F(HopperKernelsTest, EveryCutOfGemmEqualsReference) {
  ASSERT_TRUE(has_gemm_by_cut());
  Kernels kernels = cuda_emulated::kernels(Gemm::kOwn);
  kernels.gemm = gemm_by_cut;
  for (const GemmCut& cut : gemm_cuts()) {
    const ::testing::ScopedTrace trace(__FILE__, __LINE__, to_string(cut));
    set_gemm_cut(cut);
    expect_equals_reference(gemm_cases_to_cut(), kernels, {0});
  }
}

// What a GPU would choose, with more steps than there are places for tiles.
TEST_F(HopperKernelsTest, GemmOverManyStepsEqualsReference) {
  constexpr Precision kBF16 = Precision::kBF16;
  std::vector<Case> cases;
  for (const bool ta : {false, true}) {
    for (const bool tb : {false, true}) {
      for (const int64_t n : {264, 392, 520}) {
        cases.push_back(gemm_case({.m = 136,
                                   .n = n,
                                   .k = 600,
                                   .transpose_a = ta,
                                   .transpose_b = tb,
                                   .accumulate = ta,
                                   .row_sum = ta,
                                   .operands = kBF16,
                                   .result = ta ? Precision::kF32 : kBF16}));
      }
    }
  }
  const Kernels& kernels = cuda_emulated::kernels(Gemm::kOwn);
  expect_equals_reference(cases, kernels, {0}, kTolerance, 0x1p-7);
  be_hopper(16);
  expect_equals_reference(every(5, cases), kernels, {0}, kTolerance, 0x1p-7);
  expect_equals_reference(
      {gemm_case({.m = 70,
                  .n = 40,
                  .k = 1100,
                  .transpose_a = true,
                  .accumulate = true,
                  .operands = kBF16}),
       gemm_case({.m = 130,
                  .n = 24,
                  .k = 2100,
                  .transpose_b = true,
                  .epilogue = Epilogue::kBiasGelu,
                  .operands = kBF16,
                  .result = kBF16}),
       gemm_case({.m = 130, .n = 133, .k = 1100, .operands = kBF16, .result = kBF16})},
      kernels);
}

TEST(CudaKernelsTest, GemmByCublasEqualsReference) {
  expect_equals_reference(every(7, gemm_cases()), cuda_emulated::kernels());
}

// A factor that bfloat16 does not hold is rounded to the nearest, ties to even.
TEST(CudaKernelsTest, TensorCoresRoundTheirFactors) {
  const float a[3] = {1.00390625f, 1.01171875f, 3.00001f};  // two ties, and near to 3
  const float b[1] = {1.0f};
  float c[3] = {};
  GemmArgs args{};
  args.m = 3, args.n = 1, args.k = 1;
  args.a = a, args.lda = 1, args.b = b, args.ldb = 1, args.c = c, args.ldc = 1;
  args.precision = Precision::kBF16;
  for (const Gemm gemm : {Gemm::kCublas, Gemm::kOwn}) {
    cuda_emulated::kernels(gemm).gemm(args, nullptr);
    EXPECT_EQ(c[0], 1.0f);
    EXPECT_EQ(c[1], 1.015625f);
    EXPECT_EQ(c[2], 3.0f);
  }
}

TEST(CudaKernelsTest, GemmInBf16EqualsReference) {
  for (const Gemm gemm : {Gemm::kCublas, Gemm::kOwn}) {
    expect_equals_reference(gemm_cases_in_bf16(), cuda_emulated::kernels(gemm));
  }
}
// The reference does not round p and dscore before it multiplies them.
TEST(CudaKernelsTest, AttentionInBf16EqualsReference) {
  std::vector<Case> cases = without(attention_cases(Precision::kBF16), "dropout_0.5");
  expect_equals_reference(cases, cuda_emulated::kernels(), {0}, kTolerance, 0x1p-6);
  // Without whole pieces of 16 bytes.
  std::erase_if(cases, [](const Case& c) { return c.name.find("/typical") == std::string::npos; });
  expect_equals_reference(cases, cuda_emulated::kernels(), {1}, kTolerance, 0x1p-6);
}
// Where a block cannot have a whole head of 128 rows, those stream, the widest in one place.
TEST(CudaKernelsTest, AttentionWithLittleSharedMemoryEqualsReference) {
  simt::pretend_to_be({8, 84, 99 * 1024});
  const std::vector<Case> cases = without(attention_cases(Precision::kBF16), "dropout_0.5");
  expect_equals_reference(cases, cuda_emulated::kernels(), {0}, kTolerance, 0x1p-6);
  simt::pretend_to_be({});
}
// Rows of more than 1024 columns lie in memory between the passes over them, and are rounded there.
void expect_equals_reference_in_bf16(std::vector<Case> cases, double tolerance) {
  cases = without(cases, "dropout_0.5");
  const auto wide = std::stable_partition(cases.begin(), cases.end(), [](const Case& c) {
    return c.name.find("x1100/") == std::string::npos && c.name.find("x1300/") == std::string::npos;
  });
  expect_equals_reference({cases.begin(), wide}, cuda_emulated::kernels(), {0, 1}, tolerance);
  expect_equals_reference({wide, cases.end()}, cuda_emulated::kernels(), {0, 1}, 0x1p-5, 0x1p-6);
}

TEST(CudaKernelsTest, AddNormInBf16EqualsReference) {
  expect_equals_reference_in_bf16(add_norm_cases(Precision::kBF16), kTolerance);
}
// Sums of bfloat16s that were rounded the other way differ in the third digit.
TEST(CudaKernelsTest, EmbeddingInBf16EqualsReference) {
  expect_equals_reference_in_bf16(embedding_cases(Precision::kBF16), 0x1p-8);
}
TEST(CudaKernelsTest, RowsInBf16EqualsReference) { expect_equals_reference(rows_cases_in_bf16()); }
TEST(CudaKernelsTest, OptimizerThatRoundsEqualsReference) {
  expect_equals_reference(optimizer_cases(true));
}

TEST(CudaKernelsTest, AttentionEqualsReference) {
  expect_equals_reference(attention_cases(), cuda_emulated::kernels(), {0});
  expect_equals_reference(every(5, attention_cases()), cuda_emulated::kernels(), {1});
}
TEST(CudaKernelsTest, AddNormEqualsReference) { expect_equals_reference(add_norm_cases()); }
TEST(CudaKernelsTest, EmbeddingEqualsReference) { expect_equals_reference(embedding_cases()); }
TEST(CudaKernelsTest, RowsEqualsReference) { expect_equals_reference(rows_cases()); }
TEST(CudaKernelsTest, LossEqualsReference) { expect_equals_reference(loss_cases()); }
TEST(CudaKernelsTest, OptimizerEqualsReference) { expect_equals_reference(optimizer_cases()); }

}  // namespace
}  // namespace lathe::testing
