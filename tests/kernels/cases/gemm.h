#pragma once

#include <bit>

#include "tests/kernels/cases/case.h"

namespace lathe::testing {

struct GemmShape {
  int64_t m, n, k;
  bool transpose_a = false, transpose_b = false;
  Epilogue epilogue = Epilogue::kNone;
  bool accumulate = false, row_sum = false, save = true;
  int64_t padding = 0;  // of every row
  Precision precision = Precision::kF32;
  Precision operands = Precision::kF32, result = Precision::kF32;  // in which they are stored
};

inline std::string name_of(const GemmShape& s) {
  static const char* const kEpilogues[] = {"none", "bias", "bias_gelu", "bias_tanh",
                                           "gelu_backward"};
  return concat("gemm/", s.transpose_a ? "t" : "n", s.transpose_b ? "t" : "n", "_", s.m, "x", s.n,
                "x", s.k, "/", kEpilogues[static_cast<int>(s.epilogue)],
                s.accumulate ? "_accumulate" : "", s.row_sum ? "_rowsum" : "",
                s.save ? "" : "_unsaved", s.padding > 0 ? "_padded" : "",
                s.precision == Precision::kBF16 ? "_bf16" : "", suffix_of(s.operands),
                s.result == Precision::kBF16 ? "_to_bf16" : "");
}

inline Case gemm_case(const GemmShape& s) {
  const int64_t lda = (s.transpose_a ? s.m : s.k) + s.padding;
  const int64_t ldb = (s.transpose_b ? s.k : s.n) + s.padding;
  const int64_t ldc = s.n + s.padding;
  Case c;
  c.name = name_of(s);
  c.flops = 2.0 * static_cast<double>(s.m) * static_cast<double>(s.n) * static_cast<double>(s.k);
  c.bfloat16 = s.precision == Precision::kBF16 || s.operands == Precision::kBF16;
  c.bytes = bytes_of(s.operands) * static_cast<double>(s.m * s.k + s.k * s.n) +
            bytes_of(s.result) * static_cast<double>(s.m * s.n);
  c.prepare = [=](Operands& o) {
    o.add_numbers("a", (s.transpose_a ? s.k : s.m) * lda, s.operands);
    o.add_numbers("b", (s.transpose_b ? s.n : s.k) * ldb, s.operands);
    o.add_numbers("c", s.m * ldc, s.result);
    o.add_numbers("bias", s.n, s.result);
    o.add_numbers("saved", s.m * ldc, s.result, -4, 4);
    o.add("row_sum", s.m);
  };
  c.run = [=](const Kernels& kernels, Operands& o) {
    GemmArgs args{};
    args.m = s.m, args.n = s.n, args.k = s.k;
    args.a = o.n("a"), args.lda = lda, args.transpose_a = s.transpose_a;
    args.b = o.n("b"), args.ldb = ldb, args.transpose_b = s.transpose_b;
    args.c = o.n("c"), args.ldc = ldc;
    args.accumulate = s.accumulate;
    args.epilogue = s.epilogue;
    args.bias = o.n("bias");
    if (s.save) args.saved = o.n("saved");
    args.a_row_sum = s.row_sum ? o.f("row_sum") : nullptr;
    args.precision = s.precision;
    kernels.gemm(args, o.stream());
  };
  return c;
}

// Every pair of transpositions over sizes below, at and above the register tile, the panels and the
// blocks of the cache; every epilogue; what training asks for; nothing at all.
inline std::vector<Case> gemm_cases() {
  const int64_t sizes[][3] = {{1, 1, 1},     {5, 7, 3},      {16, 48, 32},   {33, 65, 17},
                              {1, 384, 384}, {384, 1, 53},   {7, 2, 384},    {130, 100, 70},
                              {64, 64, 515}, {3, 5, 0},      {0, 5, 4},      {5, 0, 4},
                              {0, 0, 0},     {201, 33, 700}, {150, 1030, 20}};
  std::vector<Case> cases;
  for (const auto& [m, n, k] : sizes) {
    for (bool ta : {false, true}) {
      for (bool tb : {false, true}) {
        GemmShape shape{.m = m, .n = n, .k = k, .transpose_a = ta, .transpose_b = tb};
        cases.push_back(gemm_case(shape));
        shape.precision = Precision::kBF16;
        cases.push_back(gemm_case(shape));
        shape = {.m = m,
                 .n = n,
                 .k = k,
                 .transpose_a = ta,
                 .transpose_b = tb,
                 .accumulate = true,
                 .row_sum = true,
                 .padding = 3};
        cases.push_back(gemm_case(shape));
        shape.precision = Precision::kBF16;
        cases.push_back(gemm_case(shape));
      }
    }
    for (Epilogue epilogue :
         {Epilogue::kBias, Epilogue::kBiasGelu, Epilogue::kBiasTanh, Epilogue::kGeluBackward}) {
      const bool forward = epilogue != Epilogue::kGeluBackward;
      GemmShape shape{.m = m, .n = n, .k = k, .transpose_b = forward, .epilogue = epilogue};
      cases.push_back(gemm_case(shape));
      shape.precision = Precision::kBF16;
      cases.push_back(gemm_case(shape));
      shape.precision = Precision::kF32;
      shape.padding = 5;
      cases.push_back(gemm_case(shape));
      shape.save = !forward;
      cases.push_back(gemm_case(shape));
      shape.transpose_a = true;
      shape.transpose_b = !forward;
      shape.row_sum = true;
      cases.push_back(gemm_case(shape));
    }
  }
  return cases;
}

// Of operands that are bfloat16s: every pair of transpositions, with whole pieces of 16 bytes and
// without; every epilogue into bfloat16s; sums into floats.
inline std::vector<Case> gemm_cases_in_bf16() {
  constexpr Precision kBF16 = Precision::kBF16;
  const int64_t sizes[][3] = {{1, 1, 1},      {5, 7, 3},      {140, 133, 70},  {64, 136, 96},
                              {130, 24, 200}, {70, 201, 901}, {201, 33, 1700}, {77, 70, 4160},
                              {3, 5, 0},      {0, 5, 4},      {5, 0, 4}};
  std::vector<Case> cases;
  for (const auto& [m, n, k] : sizes) {
    GemmShape shape{.m = m, .n = n, .k = k, .operands = kBF16};
    for (const bool ta : {false, true}) {
      for (const bool tb : {false, true}) {
        shape.transpose_a = ta, shape.transpose_b = tb;
        shape.result = ta ? Precision::kF32 : kBF16;
        shape.accumulate = shape.row_sum = ta;
        shape.padding = tb ? 3 : 0;
        cases.push_back(gemm_case(shape));
      }
    }
    shape = {.m = m, .n = n, .k = k, .accumulate = true, .operands = kBF16, .result = kBF16};
    cases.push_back(gemm_case(shape));
    shape.accumulate = false;
    for (const Epilogue epilogue :
         {Epilogue::kBias, Epilogue::kBiasGelu, Epilogue::kBiasTanh, Epilogue::kGeluBackward}) {
      shape.epilogue = epilogue;
      shape.transpose_b = epilogue != Epilogue::kGeluBackward;
      shape.save = epilogue != Epilogue::kBiasTanh;
      cases.push_back(gemm_case(shape));
    }
  }
  return cases;
}

// The same cases with factors that bfloat16 holds exactly, where rounding them changes nothing.
inline std::vector<Case> with_bf16_factors(std::vector<Case> cases) {
  for (Case& c : cases) {
    c.prepare = [prepare = c.prepare](Operands& o) {
      prepare(o);
      o.for_each_of({"a", "b"}, [](float x) {
        return std::bit_cast<float>(std::bit_cast<uint32_t>(x) & 0xffff0000u);
      });
    };
  }
  return cases;
}

}  // namespace lathe::testing
