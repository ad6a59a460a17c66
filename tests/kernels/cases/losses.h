#pragma once

#include "tests/kernels/cases/case.h"

namespace lathe::testing {

constexpr float kLossGradScale = 0.25f;

enum class LossGradient { kNone, kApart, kInPlace };

struct LossShape {
  int64_t rows, columns;
  LossGradient gradient;
  double size = 3;  // of the logits: beyond 88, exp overflows in float
};

inline void add_loss_operands(Operands& o, const LossShape& s) {
  std::vector<int32_t> labels;
  for (int64_t i = 0; i < s.rows; ++i)
    labels.push_back(static_cast<int32_t>((5 * i + 1) % s.columns));
  o.add_ints("labels", labels);
  o.add("logits", s.rows * s.columns, -s.size, s.size), o.add("dlogits", s.rows * s.columns);
  o.add("targets", s.rows * s.columns, 0, 1);
  o.add("loss", s.rows);
}

inline float* gradient_of(Operands& o, const LossShape& s) {
  if (s.gradient == LossGradient::kNone) return nullptr;
  return o.f(s.gradient == LossGradient::kApart ? "dlogits" : "logits");
}

using RunLoss = void (*)(const Kernels&, Operands&, const LossShape&);

inline Case loss_case(const std::string& op, const LossShape& s, RunLoss run) {
  static const char* const kGradients[] = {"_alone", "", "_in_place"};
  Case c;
  c.name = concat(op, "/", s.rows, "x", s.columns, "/size_", s.size,
                  kGradients[static_cast<int>(s.gradient)]);
  c.prepare = [=](Operands& o) { add_loss_operands(o, s); };
  c.run = [=](const Kernels& kernels, Operands& o) { run(kernels, o, s); };
  return c;
}

inline void run_cross_entropy(const Kernels& kernels, Operands& o, const LossShape& s) {
  kernels.cross_entropy({s.rows, s.columns, o.f("logits"), o.i("labels"), o.f("loss"),
                         gradient_of(o, s), kLossGradScale},
                        o.stream());
}

inline void run_binary_cross_entropy(const Kernels& kernels, Operands& o, const LossShape& s) {
  kernels.binary_cross_entropy({s.rows, s.columns, o.f("logits"), o.f("targets"), o.f("loss"),
                                gradient_of(o, s), kLossGradScale},
                               o.stream());
}

inline void run_squared_error(const Kernels& kernels, Operands& o, const LossShape& s) {
  kernels.squared_error({s.rows, s.columns, o.f("logits"), o.f("targets"), o.f("loss"),
                         gradient_of(o, s), kLossGradScale},
                        o.stream());
}

inline Case sum_case(int64_t count, bool accumulate) {
  Case c;
  c.name = concat("sum/", count, accumulate ? "/accumulate" : "");
  c.prepare = [count](Operands& o) {
    o.add("x", count, 0, 3), o.add_double("sum");
    *o.d("sum") = 1000;
  };
  c.run = [count, accumulate](const Kernels& kernels, Operands& o) {
    kernels.sum({o.f("x"), count, o.d("sum"), accumulate}, o.stream());
  };
  return c;
}

inline std::vector<Case> loss_cases() {
  std::vector<Case> cases;
  const int64_t sizes[][2] = {{1, 1}, {5, 2}, {3, 17}, {40, 1003}, {0, 2}};
  for (const auto& [rows, columns] : sizes) {
    for (LossGradient gradient :
         {LossGradient::kNone, LossGradient::kApart, LossGradient::kInPlace}) {
      for (double size : {3.0, 300.0}) {
        const LossShape s{rows, columns, gradient, size};
        cases.push_back(loss_case("cross_entropy", s, run_cross_entropy));
        cases.push_back(loss_case("binary_cross_entropy", s, run_binary_cross_entropy));
        cases.push_back(loss_case("squared_error", s, run_squared_error));
      }
    }
  }
  for (int64_t count : {0, 1, 33, 1000}) {
    for (bool accumulate : {false, true}) cases.push_back(sum_case(count, accumulate));
  }
  return cases;
}

}  // namespace lathe::testing
