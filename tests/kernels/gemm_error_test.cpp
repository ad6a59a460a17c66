// How exact a product of floats is, beyond the tolerance of the shared cases: a backend may add in
// another order or multiply in pieces (kernels/cpu/amx), not lose bits.
#include <gtest/gtest.h>

#include <cmath>
#include <vector>

#include "kernels/bfloat16.h"
#include "kernels/kernels.h"
#include "tensor/random.h"

namespace lathe {
namespace {

// Every significant bit in use, both signs, sizes over six orders of magnitude.
std::vector<float> numbers(int64_t count, Random& random) {
  std::vector<float> result(static_cast<std::size_t>(count));
  for (float& x : result) {
    const double exponent = std::floor(20 * random.uniform()) - 10;
    x = static_cast<float>((2 * random.uniform() - 1) * std::exp2(exponent));
  }
  return result;
}

// The root mean square over all elements of the error, relative to the sum of the sizes of its
// products. The exact products of bfloat16s are those of the rounded operands.
double relative_error(const Kernels& kernels, int64_t k, Precision precision) {
  constexpr int64_t kRows = 40, kColumns = 56;
  Random random(7);
  const std::vector<float> a = numbers(kRows * k, random), b = numbers(kColumns * k, random);
  std::vector<float> c(kRows * kColumns);
  kernels.gemm({.m = kRows,
                .n = kColumns,
                .k = k,
                .a = a.data(),
                .lda = k,
                .b = b.data(),
                .ldb = k,
                .transpose_b = true,
                .c = c.data(),
                .ldc = kColumns,
                .precision = precision},
               nullptr);
  const auto rounded = [precision](float x) {
    return precision == Precision::kBF16 ? rounded_to_bfloat16(x) : x;
  };
  double squares = 0;
  for (int64_t i = 0; i < kRows; ++i) {
    for (int64_t j = 0; j < kColumns; ++j) {
      double sum = 0, size = 0;
      for (int64_t l = 0; l < k; ++l) {
        const double product =
            static_cast<double>(rounded(a[static_cast<std::size_t>(i * k + l)])) *
            rounded(b[static_cast<std::size_t>(j * k + l)]);
        sum += product;
        size += std::fabs(product);
      }
      const double error = (c[static_cast<std::size_t>(i * kColumns + j)] - sum) / size;
      squares += error * error;
    }
  }
  return std::sqrt(squares / (kRows * kColumns));
}

// A float has 24 bits: rounding a product leaves about 2^-26 of its size, a chain of 384 additions
// some times that. Five of the six products of pieces would leave 2^-20.
TEST(GemmErrorTest, IsThatOfFloats) {
  for (const Kernels* const* table = available_cpu_kernels(); *table != nullptr; ++table) {
    EXPECT_LT(relative_error(**table, 1, Precision::kF32), std::exp2(-25)) << (*table)->name;
    EXPECT_LT(relative_error(**table, 384, Precision::kF32), std::exp2(-22)) << (*table)->name;
  }
}

// Products of bfloat16s are exact in floats; what is left is the rounding of the sums.
TEST(GemmErrorTest, OfBfloat16sIsThatOfTheSums) {
  for (const Kernels* const* table = available_cpu_kernels(); *table != nullptr; ++table) {
    EXPECT_EQ(relative_error(**table, 1, Precision::kBF16), 0) << (*table)->name;
    for (int64_t k : {383, 384, 771}) {
      EXPECT_LT(relative_error(**table, k, Precision::kBF16), std::exp2(-22)) << (*table)->name;
    }
  }
}

// Operands and sums below 2^-126 may count as zero (kernels.h); those from there on may not.
TEST(GemmErrorTest, OfBfloat16sKeepsTheSmallestNormalNumbers) {
  const float tiny = std::ldexp(1.0f, -130), normal = std::ldexp(1.0f, -126);
  const auto product = [](const Kernels& kernels, float x, float y) {
    float c = -1;
    kernels.gemm({.m = 1,
                  .n = 1,
                  .k = 1,
                  .a = &x,
                  .lda = 1,
                  .b = &y,
                  .ldb = 1,
                  .c = &c,
                  .ldc = 1,
                  .precision = Precision::kBF16},
                 nullptr);
    return c;
  };
  for (const Kernels* const* table = available_cpu_kernels(); *table != nullptr; ++table) {
    const float of_tiny = product(**table, tiny, 4096.0f);
    EXPECT_TRUE(of_tiny == 0.0f || of_tiny == tiny * 4096.0f) << (*table)->name << ' ' << of_tiny;
    EXPECT_EQ(product(**table, normal, -3.0f), -3.0f * normal) << (*table)->name;
    EXPECT_TRUE(std::isnan(product(**table, NAN, 1.0f))) << (*table)->name;
    EXPECT_TRUE(std::isinf(product(**table, 3.4e38f, 1.0f))) << (*table)->name;
  }
}

}  // namespace
}  // namespace lathe
