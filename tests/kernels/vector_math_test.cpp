// The elementary functions of the CPU backends against the C library's in double. The test is built
// for any x86-64; what the other instruction sets make of the same source is tested through the ops
// (backends_test.cpp).
#define LATHE_ISA vector_math_test
#include "kernels/cpu/vector_math.h"

#include <gtest/gtest.h>

#include <cmath>

namespace lathe {
namespace {

using namespace cpu::LATHE_ISA;

using Function = Vec (*)(Vec);
using Exact = double (*)(double);

double exact_normal_cdf(double x) { return 0.5 * std::erfc(-x / std::sqrt(2.0)); }
double exact_gelu(double x) { return x * exact_normal_cdf(x); }
double exact_gelu_derivative(double x) {
  return exact_normal_cdf(x) + x * std::exp(-0.5 * x * x) / std::sqrt(2 * std::acos(-1.0));
}

Vec gelu_value(Vec x) { return gelu(x).value; }
Vec gelu_derivative(Vec x) { return gelu(x).derivative; }

float at(Function function, float x) { return function(broadcast(x))[0]; }

// The largest error over about a million floats from low to high, relative to the exact value or to
// `floor` where that is smaller.
double largest_error(Function function, Exact exact, float low, float high, double floor) {
  double largest = 0;
  float x = low;
  while (x < high) {
    const double expected = exact(x);
    const double size = std::fmax(std::fabs(expected), floor);
    largest = std::fmax(largest, std::fabs(at(function, x) - expected) / size);
    if (std::fabs(x) < 1e-12f) x = 1e-12f;  // not every denormal
    x = std::nextafter(x + 2e-5f * std::fabs(x), INFINITY);
  }
  return largest;
}

TEST(VectorMathTest, ErrorsAreAsStated) {
  EXPECT_LE(largest_error(exponential, std::exp, -87, 88, 0), 2e-7);
  EXPECT_LE(largest_error(hyperbolic_tangent, std::tanh, -20, 20, 0), 3e-7);
  EXPECT_LE(largest_error(gelu_value, exact_gelu, -3, 20, 0), 3e-6);
  EXPECT_LE(largest_error(gelu_value, exact_gelu, -30, -3, 1), 1e-8);
  EXPECT_LE(largest_error(gelu_derivative, exact_gelu_derivative, -30, 20, 1), 1e-6);
}

TEST(VectorMathTest, Extremes) {
  EXPECT_EQ(at(exponential, -INFINITY), 0);
  EXPECT_EQ(at(exponential, -1000), 0);
  EXPECT_EQ(at(exponential, 0), 1);
  EXPECT_EQ(at(exponential, 1000), INFINITY);
  EXPECT_EQ(at(hyperbolic_tangent, -INFINITY), -1);
  EXPECT_EQ(at(hyperbolic_tangent, 1000), 1);
  EXPECT_EQ(at(gelu_value, -1000), 0);
  EXPECT_EQ(at(gelu_value, 1000), 1000);
  EXPECT_EQ(at(gelu_derivative, 1000), 1);
  EXPECT_EQ(at(gelu_derivative, -1000), 0);
}

TEST(VectorMathTest, NanStaysNan) {
  for (Function function : {exponential, hyperbolic_tangent, gelu_value, gelu_derivative}) {
    EXPECT_TRUE(std::isnan(at(function, NAN)));
  }
}

TEST(VectorMathTest, SumsAndLargestOfLanes) {
  float values[kWidth];
  for (int i = 0; i < kWidth; ++i) values[i] = static_cast<float>((i * 5 + 2) % kWidth);
  EXPECT_EQ(sum_lanes(load(values)), kWidth * (kWidth - 1) / 2);
  EXPECT_EQ(max_lane(load(values)), kWidth - 1);
  EXPECT_EQ(sum_lanes(load(values, 2)), values[0] + values[1]);
}

}  // namespace
}  // namespace lathe
