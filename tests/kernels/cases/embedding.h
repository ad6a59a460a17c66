#pragma once

#include "tests/kernels/cases/case.h"

namespace lathe::testing {

struct EmbeddingShape {
  int64_t tokens, hidden, words;
  float dropout = 0;
  bool aliased = false;    // dsum over dy
  bool inference = false;  // nothing saved, no marks of touched words
  Precision precision = Precision::kF32;
};

constexpr int64_t kCasePositions = 11, kCaseTypes = 2;

inline void add_embedding_operands(Operands& o, const EmbeddingShape& s) {
  std::vector<int32_t> ids, positions, types;
  for (int64_t t = 0; t < s.tokens; ++t) {
    ids.push_back(
        static_cast<int32_t>(t * t * 7 % s.words));  // squares: some ids twice, some never
    positions.push_back(static_cast<int32_t>(t % kCasePositions));
    types.push_back(static_cast<int32_t>(t % 3 == 2));
  }
  o.add_ints("ids", ids), o.add_ints("positions", positions), o.add_ints("types", types);
  o.add("word", s.words * s.hidden), o.add("dword", s.words * s.hidden);
  o.add("position", kCasePositions * s.hidden), o.add("dposition", kCasePositions * s.hidden);
  o.add("type", kCaseTypes * s.hidden), o.add("dtype", kCaseTypes * s.hidden);
  o.add("gamma", s.hidden, 0.5, 1.5), o.add("beta", s.hidden);
  o.add("dgamma", s.hidden), o.add("dbeta", s.hidden);
  for (const char* name : {"y", "sum", "dy", "dsum"}) {
    o.add_numbers(name, s.tokens * s.hidden, s.precision);
  }
  o.add("mean", s.tokens), o.add("rstd", s.tokens);
  add_dropout_step(o);
  std::vector<uint8_t> touched(static_cast<std::size_t>(s.words));
  touched.back() = 1;  // by an earlier batch
  o.add_bytes("touched", touched);
}

inline EmbeddingForwardArgs embedding_forward_args(Operands& o, const EmbeddingShape& s) {
  EmbeddingForwardArgs args{};
  args.tokens = s.tokens, args.hidden = s.hidden;
  args.ids = o.i("ids"), args.positions = o.i("positions"), args.types = o.i("types");
  args.word = o.f("word"), args.position = o.f("position"), args.type = o.f("type");
  args.gamma = o.f("gamma"), args.beta = o.f("beta");
  args.eps = 1e-12f;
  args.dropout = case_dropout(o, s.dropout);
  args.y = o.n("y");
  if (s.inference) return args;
  args.sum = o.n("sum"), args.mean = o.f("mean"), args.rstd = o.f("rstd");
  return args;
}

inline EmbeddingBackwardArgs embedding_backward_args(Operands& o, const EmbeddingShape& s) {
  EmbeddingBackwardArgs args{};
  args.tokens = s.tokens, args.hidden = s.hidden, args.words = s.words;
  args.position_rows = kCasePositions, args.type_rows = kCaseTypes;
  args.ids = o.i("ids"), args.positions = o.i("positions"), args.types = o.i("types");
  args.gamma = o.f("gamma");
  args.dropout = case_dropout(o, s.dropout);
  args.sum = o.n("sum"), args.mean = o.f("mean"), args.rstd = o.f("rstd");
  args.dy = o.n("dy");
  args.dsum = o.n(s.aliased ? "dy" : "dsum");
  args.dgamma = o.f("dgamma"), args.dbeta = o.f("dbeta");
  args.dword = o.f("dword"), args.dposition = o.f("dposition"), args.dtype = o.f("dtype");
  args.word_touched = s.inference ? nullptr : o.b("touched");
  return args;
}

inline std::string name_of(const EmbeddingShape& s) {
  return concat("/", s.tokens, "x", s.hidden, "/dropout_", s.dropout, s.aliased ? "_aliased" : "",
                s.inference ? "_unsaved" : "", suffix_of(s.precision));
}

inline Case embedding_forward_case(const EmbeddingShape& s) {
  Case c;
  c.name = "embedding_forward" + name_of(s);
  // A row of the words' table, y and sum; the other tables are small.
  c.bytes = (4 + bytes_of(s.precision) * 2) * static_cast<double>(s.tokens * s.hidden);
  c.prepare = [s](Operands& o) { add_embedding_operands(o, s); };
  c.run = [s](const Kernels& kernels, Operands& o) {
    kernels.embedding_forward(embedding_forward_args(o, s), o.stream());
  };
  return c;
}

inline Case embedding_backward_case(const EmbeddingShape& s) {
  Case c;
  c.name = "embedding_backward" + name_of(s);
  // sum, dy and dsum, and a row of dword read and written.
  c.bytes = (4 * 2 + bytes_of(s.precision) * 3) * static_cast<double>(s.tokens * s.hidden);
  c.prepare = [s](Operands& o) {
    add_embedding_operands(o, s);
    EmbeddingShape saved = s;
    saved.inference = false;
    reference_kernels().embedding_forward(embedding_forward_args(o, saved), nullptr);
  };
  c.run = [s](const Kernels& kernels, Operands& o) {
    kernels.embedding_backward(embedding_backward_args(o, s), o.stream());
  };
  return c;
}

inline std::vector<Case> embedding_cases(Precision precision = Precision::kF32) {
  std::vector<Case> cases;
  for (const auto& [tokens, hidden, words] : std::initializer_list<std::array<int64_t, 3>>{
           {1, 3, 5}, {9, 37, 6}, {100, 64, 50}, {530, 384, 1000}, {9, 1100, 6}, {0, 8, 3}}) {
    for (float dropout : {0.0f, 0.1f, 0.5f}) {
      for (bool variant : {false, true}) {
        const EmbeddingShape s{tokens, hidden, words, dropout, variant, variant, precision};
        cases.push_back(embedding_forward_case(s));
        cases.push_back(embedding_backward_case(s));
      }
    }
  }
  return cases;
}

}  // namespace lathe::testing
