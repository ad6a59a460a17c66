// The tables of functions and the choice among them.
#include <gtest/gtest.h>

#include <cstdio>
#include <cstdlib>
#include <string>

#include "base/error.h"
#include "kernels/device.h"

namespace lathe {
namespace {

TEST(TablesTest, NoTableMissesAnOp) {
  EXPECT_EQ(missing_op(reference_kernels()), nullptr);
  EXPECT_EQ(missing_op(dry_kernels(true)), nullptr);
  EXPECT_EQ(missing_op(dry_kernels(false)), nullptr);
  for (const Kernels* const* t = available_cpu_kernels(); *t != nullptr; ++t) {
    EXPECT_EQ(missing_op(**t), nullptr) << (*t)->name;
  }
}

TEST(TablesTest, CudaIsThereOrSaysWhyNot) {
  if (Device* gpu = cuda_device(); gpu == nullptr) {
    EXPECT_EQ(cuda_device_count(), 0);
    ASSERT_NE(why_no_cuda(), nullptr);
    EXPECT_STRNE(why_no_cuda(), "");
  } else {
    EXPECT_EQ(why_no_cuda(), nullptr);
    EXPECT_EQ(missing_op(gpu->kernels()), nullptr);
    EXPECT_EQ(cuda_device(cuda_device_count()), nullptr);
  }
}

TEST(TablesTest, MissingOpIsNamed) {
  Kernels kernels = reference_kernels();
  kernels.squared_norm = nullptr;
  EXPECT_STREQ(missing_op(kernels), "squared_norm");
  kernels.gemm = nullptr;
  EXPECT_STREQ(missing_op(kernels), "gemm");
}

TEST(TablesTest, AnyProcessorRunsTheBaseline) {
  EXPECT_STREQ(available_cpu_kernels()[0]->name, "baseline");
}

TEST(TablesTest, DryKernelsTouchNothing) {
  float c = 1;
  GemmArgs args{};  // operands that cannot be read
  args.m = args.n = args.k = 9;
  args.c = &c;
  dry_kernels(true).gemm(args, nullptr);
  EXPECT_EQ(c, 1);
}

// The choice is made once a process: each of these asks in a process of its own.
[[noreturn]] void print_choice(const char* forced) {
  setenv("LATHE_CPU", forced, 1);
  try {
    std::fputs(cpu_kernels().name, stderr);
  } catch (const Error& error) {
    std::fputs(error.what(), stderr);
    std::exit(1);
  }
  std::exit(0);
}

class LatheCpuTest : public ::testing::Test {
 protected:
  // A process started anew: forking one whose OpenMP threads run would not carry them along.
  void SetUp() override { GTEST_FLAG_SET(death_test_style, "threadsafe"); }
};

TEST_F(LatheCpuTest, ForcesABackend) {
  EXPECT_EXIT(print_choice("reference"), ::testing::ExitedWithCode(0), "^reference$");
  EXPECT_EXIT(print_choice("baseline"), ::testing::ExitedWithCode(0), "^baseline$");
}

TEST_F(LatheCpuTest, EmptyTakesTheFastest) {
  const Kernels* const* fastest = available_cpu_kernels();
  while (fastest[1] != nullptr) ++fastest;
  EXPECT_EXIT(print_choice(""), ::testing::ExitedWithCode(0), (*fastest)->name);
}

TEST_F(LatheCpuTest, UnknownNameIsAnErrorThatNamesTheKnownOnes) {
  EXPECT_EXIT(print_choice("sse9"), ::testing::ExitedWithCode(1),
              "^LATHE_CPU=sse9: .*reference, baseline");
}

}  // namespace
}  // namespace lathe
