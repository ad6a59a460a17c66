#pragma once

#include "tests/kernels/cases/rows.h"

namespace lathe::testing {

struct OptimizerShape {
  std::string name;
  std::vector<int64_t> counts;  // of each slice
  float weight_decay = 0;
  int64_t marked_rows = 0, row_size = 0;  // a slice more, with marks of active rows
  int64_t step = 1;
  bool rounded = false;    // with bfloat16s of the values
  bool in_memory = false;  // the op finds the step's numbers in memory
};

inline std::string slice_name(const char* what, std::size_t s) { return concat(what, s); }

// Inactive rows hold what the contract says: no gradient and no moments.
inline void clear_inactive(Operands& o, const OptimizerShape& s, std::size_t slice) {
  for (int64_t r = 0; r < s.marked_rows; ++r) {
    if (o.b("active")[r] != 0) continue;
    for (const char* what : {"gradient", "m", "v"}) {
      std::fill_n(o.f(slice_name(what, slice)) + r * s.row_size, s.row_size, 0.0f);
    }
  }
}

inline std::vector<int64_t> slice_counts(const OptimizerShape& s) {
  std::vector<int64_t> counts = s.counts;
  if (s.marked_rows > 0) counts.push_back(s.marked_rows * s.row_size);
  return counts;
}

inline AdamWStep case_step(const OptimizerShape& s) { return adamw_step(1e-2, 0.9, 0.999, s.step); }

inline void add_optimizer_operands(Operands& o, const OptimizerShape& s) {
  const std::vector<int64_t> counts = slice_counts(s);
  for (std::size_t i = 0; i < counts.size(); ++i) {
    o.add(slice_name("value", i), counts[i]), o.add(slice_name("gradient", i), counts[i]);
    // The same values where a slice's rounded ones start.
    if (s.rounded) o.add_rounded(slice_name("rounded", i), slice_name("value", i));
    o.add(slice_name("m", i), counts[i]), o.add(slice_name("v", i), counts[i], 0, 1);
  }
  o.add_bytes("active", every_third_row(s.marked_rows));
  clear_inactive(o, s, counts.size() - 1);
  const AdamWStep step = case_step(s);
  const auto* bytes = reinterpret_cast<const uint8_t*>(&step);
  o.add_bytes("step", {bytes, bytes + sizeof step});
  o.add_double("sum");
  *o.d("sum") = 16;  // clipped to half where the sum is not taken
}

inline std::vector<ParameterSlice> slices_of(Operands& o, const OptimizerShape& s) {
  const std::vector<int64_t> counts = slice_counts(s);
  std::vector<ParameterSlice> slices;
  for (std::size_t i = 0; i < counts.size(); ++i) {
    slices.push_back({o.f(slice_name("value", i)), o.f(slice_name("gradient", i)),
                      o.f(slice_name("m", i)), o.f(slice_name("v", i)), counts[i],
                      i % 2 == 0 ? s.weight_decay : 0.0f});
    if (s.rounded) {
      slices.back().rounded = static_cast<uint16_t*>(o.n(slice_name("rounded", i)).data);
    }
    if (s.marked_rows == 0 || i + 1 < counts.size()) continue;
    slices.back().weight_decay = s.weight_decay;
    slices.back().row_size = s.row_size;
    slices.back().active_rows = o.b("active");
  }
  return slices;
}

inline Case adamw_case(const OptimizerShape& s) {
  Case c;
  c.name = concat("adamw/", s.name, s.rounded ? "_rounded" : "", s.in_memory ? "_in_memory" : "");
  for (int64_t count : slice_counts(s))
    c.bytes += (4.0 * 8 + (s.rounded ? 2 : 0)) * static_cast<double>(count);
  c.prepare = [s](Operands& o) { add_optimizer_operands(o, s); };
  c.run = [s](const Kernels& kernels, Operands& o) {
    std::vector<ParameterSlice> slices = slices_of(o, s);
    const auto count = static_cast<int64_t>(slices.size());
    const int64_t chunks = number_chunks(slices.data(), count);
    kernels.adamw(
        {.slices = o.place(slices),
         .slice_count = count,
         .chunks = chunks,
         .beta1 = 0.9,
         .beta2 = 0.999,
         .eps = 1e-8,
         .step = s.in_memory ? AdamWStep{} : case_step(s),
         .squared_norm = o.d("sum"),
         .max_norm = 2.0,
         .step_at = s.in_memory ? reinterpret_cast<const AdamWStep*>(o.b("step")) : nullptr},
        o.stream());
  };
  return c;
}

inline Case squared_norm_case(const OptimizerShape& s) {
  Case c;
  c.name = "squared_norm/" + s.name;
  for (int64_t count : slice_counts(s)) c.bytes += 4.0 * static_cast<double>(count);
  c.prepare = [s](Operands& o) { add_optimizer_operands(o, s); };
  c.run = [s](const Kernels& kernels, Operands& o) {
    std::vector<ParameterSlice> slices = slices_of(o, s);
    const auto count = static_cast<int64_t>(slices.size());
    const int64_t chunks = number_chunks(slices.data(), count);
    kernels.squared_norm({o.place(slices), count, chunks, o.d("sum")}, o.stream());
  };
  return c;
}

inline std::vector<Case> optimizer_cases(bool rounded = false) {
  std::vector<Case> cases;
  for (OptimizerShape s : {
           OptimizerShape{"one", {1}},
           OptimizerShape{"odd", {7, 1, 33, 16, 100}, 0.1f, 0, 0, 3},
           OptimizerShape{"chunks", {16384, 16385, 50000, 5}, 0.1f, 0, 0, 1000},
           OptimizerShape{"active_rows", {40, 3}, 0.0f, 1000, 37, 2},
           OptimizerShape{"active_rows_decay", {40}, 0.1f, 1000, 37, 2},
           OptimizerShape{"long_rows", {}, 0.0f, 25, 20000, 2},
       }) {
    s.rounded = rounded;
    cases.push_back(adamw_case(s));
    s.in_memory = true;
    cases.push_back(adamw_case(s));
    cases.push_back(squared_norm_case(s));
  }
  return cases;
}

}  // namespace lathe::testing
