// The ops on plain rows and elements: dropout, tanh_backward, gather, scatter and zero.
#pragma once

#include "tests/kernels/cases/case.h"

namespace lathe::testing {

struct RowsShape {
  int64_t rows, columns;
};

inline std::vector<Case> dropout_cases(RowsShape s) {
  std::vector<Case> cases;
  for (float probability : {0.0f, 0.1f, 0.5f}) {
    for (bool in_place : {false, true}) {
      Case c;
      c.name =
          concat("dropout/", s.rows, "x", s.columns, "/", probability, in_place ? "_in_place" : "");
      c.bytes = 4.0 * 2 * static_cast<double>(s.rows * s.columns);
      c.prepare = [=](Operands& o) {
        o.add("x", s.rows * s.columns), o.add("y", s.rows * s.columns);
        add_dropout_step(o);
      };
      c.run = [=](const Kernels& kernels, Operands& o) {
        kernels.dropout(
            {o.f("x"), o.f(in_place ? "x" : "y"), s.rows, s.columns, case_dropout(o, probability)},
            o.stream());
      };
      cases.push_back(c);
    }
  }
  return cases;
}

inline Case tanh_backward_case(RowsShape s, bool in_place) {
  const int64_t count = s.rows * s.columns;
  Case c;
  c.name = concat("tanh_backward/", count, in_place ? "/in_place" : "");
  c.bytes = 4.0 * 3 * static_cast<double>(count);
  c.prepare = [=](Operands& o) { o.add("y", count), o.add("dy", count), o.add("dx", count); };
  c.run = [=](const Kernels& kernels, Operands& o) {
    kernels.tanh_backward({o.f("y"), o.f("dy"), o.f(in_place ? "dy" : "dx"), count}, o.stream());
  };
  return c;
}

// `rows` rows out of (or into) 2 * rows + 1, backwards.
inline void add_row_operands(Operands& o, RowsShape s, Precision precision) {
  std::vector<int32_t> indices;
  for (int64_t i = s.rows; i > 0; --i) indices.push_back(static_cast<int32_t>(2 * i));
  o.add_ints("indices", indices);
  o.add_numbers("many", (2 * s.rows + 1) * s.columns, precision);
  o.add_numbers("few", s.rows * s.columns, precision);
}

inline std::vector<Case> indexed_cases(RowsShape s, Precision precision = Precision::kF32) {
  Case gather, scatter;
  gather.name = concat("gather_rows/", s.rows, "x", s.columns, suffix_of(precision));
  scatter.name = concat("scatter_add_rows/", s.rows, "x", s.columns, suffix_of(precision));
  gather.bytes = bytes_of(precision) * 2 * static_cast<double>(s.rows * s.columns);
  scatter.bytes = bytes_of(precision) * 3 * static_cast<double>(s.rows * s.columns);
  gather.prepare = scatter.prepare = [=](Operands& o) { add_row_operands(o, s, precision); };
  gather.run = [=](const Kernels& kernels, Operands& o) {
    kernels.gather_rows({o.n("many"), o.i("indices"), o.n("few"), s.rows, s.columns}, o.stream());
  };
  scatter.run = [=](const Kernels& kernels, Operands& o) {
    kernels.scatter_add_rows({o.n("few"), o.i("indices"), o.n("many"), s.rows, s.columns},
                             o.stream());
  };
  return {gather, scatter};
}

inline std::vector<uint8_t> every_third_row(int64_t rows) {
  std::vector<uint8_t> active;
  for (int64_t i = 0; i < rows; ++i) active.push_back(i % 3 == 1 || i > 20);
  return active;
}

inline Case zero_case(RowsShape s, bool marked) {
  Case c;
  c.name = concat("zero/", s.rows, "x", s.columns, marked ? "/active_rows" : "");
  c.bytes = 4.0 * static_cast<double>(s.rows * s.columns);
  c.prepare = [=](Operands& o) {
    o.add("x", s.rows * s.columns);
    o.add_bytes("active", every_third_row(s.rows));
  };
  c.run = [=](const Kernels& kernels, Operands& o) {
    ZeroArgs args{.x = o.f("x"), .count = s.rows * s.columns};
    if (marked) args.row_size = s.columns, args.active_rows = o.b("active");
    kernels.zero(args, o.stream());
  };
  return c;
}

inline Case cast_case(int64_t count, Precision from, Precision to) {
  Case c;
  c.name = concat("cast/", count, suffix_of(from), "/to", suffix_of(to));
  c.bytes = (bytes_of(from) + bytes_of(to)) * static_cast<double>(count);
  c.prepare = [=](Operands& o) { o.add_numbers("x", count, from), o.add_numbers("y", count, to); };
  c.run = [=](const Kernels& kernels, Operands& o) {
    kernels.cast({o.n("x"), o.n("y"), count}, o.stream());
  };
  return c;
}

// What there is of these ops in bfloat16.
inline std::vector<Case> rows_cases_in_bf16() {
  std::vector<Case> cases;
  for (const RowsShape& s : {RowsShape{1, 1}, {3, 5}, {30, 384}, {0, 4}}) {
    for (const Case& c : indexed_cases(s, Precision::kBF16)) cases.push_back(c);
    for (const Precision from : {Precision::kF32, Precision::kBF16}) {
      for (const Precision to : {Precision::kF32, Precision::kBF16}) {
        cases.push_back(cast_case(s.rows * s.columns, from, to));
      }
    }
  }
  return cases;
}

inline std::vector<Case> rows_cases() {
  std::vector<Case> cases;
  for (const RowsShape& s : {RowsShape{1, 1}, {3, 5}, {17, 130}, {300, 384}, {0, 4}}) {
    for (const Case& c : dropout_cases(s)) cases.push_back(c);
    for (const Case& c : indexed_cases(s)) cases.push_back(c);
    for (bool flag : {false, true}) {
      cases.push_back(tanh_backward_case(s, flag));
      cases.push_back(zero_case(s, flag));
    }
  }
  return cases;
}

}  // namespace lathe::testing
