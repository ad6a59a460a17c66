#pragma once

#include <cmath>

#include "tests/kernels/cases/case.h"

namespace lathe::testing {

struct AttentionPoolShape {
  std::string name;
  std::vector<int32_t> lengths;
  int64_t heads, hidden;
  float dropout = 0;
  int32_t filler = 0;                     // rows after the last sequence
  Precision precision = Precision::kF32;  // of those rows
};

inline int64_t tokens_of(const AttentionPoolShape& shape) {
  return offsets_of(shape.lengths).back() + shape.filler;
}

inline void add_attention_pool_operands(Operands& o, const AttentionPoolShape& shape) {
  const auto sequences = static_cast<int64_t>(shape.lengths.size());
  const int64_t per_head = sequences * shape.heads;
  o.add_ints("offsets", offsets_of(shape.lengths));
  for (const char* name : {"x", "dx"}) {
    o.add_numbers(name, tokens_of(shape) * shape.hidden, shape.precision);
  }
  const double size = 1 / std::sqrt(static_cast<double>(shape.hidden));  // scores of about 1
  for (const char* name : {"u", "du", "z", "dz"}) {
    o.add(name, per_head * shape.hidden, -3 * size, 3 * size);
  }
  for (const char* name : {"mass", "dmass", "logsumexp"}) o.add(name, per_head);
  add_dropout_step(o);
}

inline AttentionPoolForwardArgs attention_pool_forward_args(Operands& o,
                                                            const AttentionPoolShape& shape) {
  AttentionPoolForwardArgs args{};
  args.sequences = static_cast<int64_t>(shape.lengths.size());
  args.heads = shape.heads, args.hidden = shape.hidden;
  args.offsets = o.i("offsets");
  args.u = o.f("u"), args.x = o.n("x");
  args.scale = 0.7f;
  args.dropout = case_dropout(o, shape.dropout);
  args.z = o.f("z"), args.mass = o.f("mass"), args.logsumexp = o.f("logsumexp");
  return args;
}

inline AttentionPoolBackwardArgs attention_pool_backward_args(Operands& o,
                                                              const AttentionPoolShape& shape) {
  const AttentionPoolForwardArgs f = attention_pool_forward_args(o, shape);
  AttentionPoolBackwardArgs args{};
  args.sequences = f.sequences, args.heads = f.heads, args.hidden = f.hidden;
  args.offsets = f.offsets, args.tokens = tokens_of(shape);
  args.u = f.u, args.x = f.x;
  args.scale = f.scale;
  args.dropout = f.dropout;
  args.logsumexp = f.logsumexp;
  args.dz = o.f("dz"), args.dmass = o.f("dmass");
  args.du = o.f("du"), args.dx = o.n("dx");
  return args;
}

// Multiplications and additions of one product of a row of x with every head.
inline double attention_pool_products(const AttentionPoolShape& shape) {
  return 2.0 * static_cast<double>(offsets_of(shape.lengths).back() * shape.heads * shape.hidden);
}

inline Case attention_pool_forward_case(const AttentionPoolShape& shape, bool save) {
  Case c;
  c.name = concat("attention_pool_forward/", shape.name, "/dropout_", shape.dropout,
                  save ? "" : "_inference", suffix_of(shape.precision));
  c.flops = 2 * attention_pool_products(shape);
  c.prepare = [shape](Operands& o) { add_attention_pool_operands(o, shape); };
  c.run = [shape, save](const Kernels& kernels, Operands& o) {
    AttentionPoolForwardArgs args = attention_pool_forward_args(o, shape);
    if (!save) args.logsumexp = nullptr;
    kernels.attention_pool_forward(args, o.stream());
  };
  return c;
}

inline Case attention_pool_backward_case(const AttentionPoolShape& shape) {
  Case c;
  c.name = concat("attention_pool_backward/", shape.name, "/dropout_", shape.dropout,
                  suffix_of(shape.precision));
  c.flops = 5 * attention_pool_products(shape);
  c.prepare = [shape](Operands& o) {
    add_attention_pool_operands(o, shape);
    reference_kernels().attention_pool_forward(attention_pool_forward_args(o, shape), nullptr);
  };
  c.run = [shape](const Kernels& kernels, Operands& o) {
    kernels.attention_pool_backward(attention_pool_backward_args(o, shape), o.stream());
  };
  return c;
}

inline std::vector<Case> attention_pool_cases(Precision precision = Precision::kF32) {
  std::vector<Case> cases;
  for (float dropout : {0.0f, 0.1f, 0.5f}) {
    for (AttentionPoolShape shape :
         {AttentionPoolShape{"one_column", {1, 2}, 1, 1, dropout},
          AttentionPoolShape{"odd", {3, 1, 7, 2}, 3, 5, dropout},
          AttentionPoolShape{"typical", {53, 20, 64, 65}, 12, 384, dropout},
          AttentionPoolShape{"many_heads", {19, 8, 70}, 17, 34, dropout},
          AttentionPoolShape{"filler", {6, 31}, 4, 48, dropout, 9},
          AttentionPoolShape{"long", {512, 3}, 2, 130, dropout},
          AttentionPoolShape{"many_short", std::vector<int32_t>(100, 3), 2, 16, dropout},
          AttentionPoolShape{"no_sequence", {}, 2, 16, dropout, 5}}) {
      shape.precision = precision;
      cases.push_back(attention_pool_forward_case(shape, true));
      cases.push_back(attention_pool_forward_case(shape, false));
      cases.push_back(attention_pool_backward_case(shape));
    }
  }
  return cases;
}

}  // namespace lathe::testing
