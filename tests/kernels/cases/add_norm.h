#pragma once

#include "tests/kernels/cases/case.h"

namespace lathe::testing {

struct AddNormShape {
  int64_t rows, hidden;
  float dropout = 0;
  bool aliased = false;    // sum over x, dresidual over dy, and dx over dresidual where allowed
  bool inference = false;  // nothing saved
  Precision precision = Precision::kF32;
};

constexpr float kCaseEps = 1e-12f;

inline void add_add_norm_operands(Operands& o, const AddNormShape& s) {
  for (const char* name : {"x", "residual", "y", "sum", "dy", "dresidual", "dx"}) {
    o.add_numbers(name, s.rows * s.hidden, s.precision);
  }
  o.add("gamma", s.hidden, 0.5, 1.5), o.add("beta", s.hidden);
  o.add("dgamma", s.hidden), o.add("dbeta", s.hidden);
  o.add("mean", s.rows), o.add("rstd", s.rows);
  add_dropout_step(o);
}

inline AddNormForwardArgs add_norm_forward_args(Operands& o, const AddNormShape& s) {
  AddNormForwardArgs args{};
  args.rows = s.rows, args.hidden = s.hidden;
  args.x = o.n("x"), args.residual = o.n("residual");
  args.gamma = o.f("gamma"), args.beta = o.f("beta");
  args.eps = kCaseEps;
  args.dropout = case_dropout(o, s.dropout);
  args.y = o.n("y");
  if (s.inference) return args;
  args.sum = o.n(s.aliased ? "x" : "sum");
  args.mean = o.f("mean"), args.rstd = o.f("rstd");
  return args;
}

inline AddNormBackwardArgs add_norm_backward_args(Operands& o, const AddNormShape& s) {
  AddNormBackwardArgs args{};
  args.rows = s.rows, args.hidden = s.hidden;
  args.gamma = o.f("gamma");
  args.dropout = case_dropout(o, s.dropout);
  args.sum = o.n("sum"), args.mean = o.f("mean"), args.rstd = o.f("rstd");
  args.dy = o.n("dy");
  args.dresidual = o.n(s.aliased ? "dy" : "dresidual");
  args.dx = s.aliased && s.dropout == 0 ? args.dresidual : o.n("dx");
  args.dgamma = o.f("dgamma"), args.dbeta = o.f("dbeta");
  return args;
}

inline std::string name_of(const AddNormShape& s) {
  return concat("/", s.rows, "x", s.hidden, "/dropout_", s.dropout, s.aliased ? "_aliased" : "",
                s.inference ? "_inference" : "", suffix_of(s.precision));
}

inline Case add_norm_forward_case(const AddNormShape& s) {
  Case c;
  c.name = "add_norm_forward" + name_of(s);
  c.bytes = bytes_of(s.precision) * (s.inference ? 3 : 4) * static_cast<double>(s.rows * s.hidden);
  c.prepare = [s](Operands& o) { add_add_norm_operands(o, s); };
  c.run = [s](const Kernels& kernels, Operands& o) {
    kernels.add_norm_forward(add_norm_forward_args(o, s), o.stream());
  };
  return c;
}

inline Case add_norm_backward_case(const AddNormShape& s) {
  Case c;
  c.name = "add_norm_backward" + name_of(s);
  c.bytes = bytes_of(s.precision) * 4 * static_cast<double>(s.rows * s.hidden);
  c.prepare = [s](Operands& o) {
    add_add_norm_operands(o, s);
    AddNormShape saved = s;
    saved.aliased = false;
    reference_kernels().add_norm_forward(add_norm_forward_args(o, saved), nullptr);
  };
  c.run = [s](const Kernels& kernels, Operands& o) {
    kernels.add_norm_backward(add_norm_backward_args(o, s), o.stream());
  };
  return c;
}

// One element, less than a vector, vectors and a rest, the sizes of models, many rows, none.
inline std::vector<Case> add_norm_cases(Precision precision = Precision::kF32) {
  const int64_t sizes[][2] = {{1, 3},    {2, 5},    {7, 37},    {33, 64}, {5, 384},
                              {3, 1000}, {3, 1300}, {2100, 24}, {0, 8}};
  std::vector<Case> cases;
  for (const auto& [rows, hidden] : sizes) {
    for (float dropout : {0.0f, 0.1f, 0.5f}) {
      for (bool aliased : {false, true}) {
        const AddNormShape shape{rows, hidden, dropout, aliased, false, precision};
        cases.push_back(add_norm_forward_case(shape));
        cases.push_back(add_norm_backward_case(shape));
      }
      cases.push_back(add_norm_forward_case({rows, hidden, dropout, false, true, precision}));
    }
  }
  return cases;
}

}  // namespace lathe::testing
