// The figures of a GPU (bench/gpu/) in the emulator, on shapes that take no time: that every kernel
// of the list is found right and gets its figure, and that one which errs gets none.
#include <gtest/gtest.h>

#include "bench/gpu/report.h"
#include "tests/kernels/cases.h"
#include "tests/simt/emulated_gpu.h"
#include "tests/temporary_directory.h"
#include "tests/train/tiny_task.h"

namespace lathe::bench {
namespace {

const Json::Array& figures_in(const Json& report) { return report.find("figures")->as_array(); }

GpuSuite small_suite() {
  GpuSuite suite;
  suite.hidden = 32, suite.words = 40, suite.heads = 2;
  suite.product_rows = {20};
  suite.tokens = 24;
  suite.attention = {{2, 9}};
  suite.parameters = 5000;
  suite.copy_bytes = 4096;
  suite.cache_bytes = 10000;
  suite.model = testing::tiny_config(0.1);
  suite.steps = {{2, 5}};
  suite.round_seconds = 0;
  return suite;
}

TEST(GpuBenchTest, EveryKernelIsRightAndMeasured) {
  const testing::TemporaryDirectory directory;
  Report report(testing::emulated_gpu(), small_suite(), directory.file("figures.json"));
  ::testing::internal::CaptureStdout();
  for (const Part& part : kParts) part.add(report);
  const std::string table = ::testing::internal::GetCapturedStdout();
  EXPECT_EQ(report.wrong(), 0) << table;
  EXPECT_NE(table.find("\nadamw/encoder_rounded "), std::string::npos) << table;
  // 9 + 3 products, each by two kernels on two precisions; attention, norms and embedding forward
  // and backward on both; four kernels of which there is one; steps by both products on both.
  const Json::Array& figures = figures_in(report.figures());
  EXPECT_EQ(figures.size(), 12u * 4 + 6 * 2 + 4 + 4);
  for (const Json& figure : figures) EXPECT_GT(figure.find("seconds")->as_double(), 0);
  EXPECT_EQ(figures_in(read_json_file(directory.file("figures.json"))).size(), figures.size());
}

TEST(GpuBenchTest, AWrongKernelGetsNoFigure) {
  Report report(testing::emulated_gpu(), small_suite(), "");
  testing::Case idle = testing::cast_case(9, Precision::kF32, Precision::kBF16);
  idle.run = [run = idle.run](const Kernels& kernels, testing::Operands& o) {
    if (&kernels == &reference_kernels()) run(kernels, o);
  };
  ::testing::internal::CaptureStdout();
  report.add(idle, Precision::kBF16);
  EXPECT_EQ(::testing::internal::GetCapturedStdout().find("\nWRONG: cast/9"), 0u);
  EXPECT_EQ(report.wrong(), 1);
  EXPECT_TRUE(figures_in(report.figures()).empty());
}

}  // namespace
}  // namespace lathe::bench
