#pragma once

#include "tests/kernels/cases/case.h"

namespace lathe::testing {

struct AttentionShape {
  std::string name;
  std::vector<int32_t> lengths;
  int64_t heads, head_size;
  float dropout = 0;
  std::vector<int32_t> queries = {};  // a sequence; empty: as many as lengths
  int64_t padding = 0;                // of every row
  bool fused_qkv = false;      // q, k and v, and their gradients, as columns of one wide matrix
  bool longest_known = false;  // told to backward
  Precision precision = Precision::kF32;
};

// Where the operands of one shape lie.
struct AttentionLayout {
  explicit AttentionLayout(const AttentionShape& s)
      : shape(s),
        offsets(offsets_of(s.lengths)),
        query_offsets(s.queries.empty() ? offsets : offsets_of(s.queries)),
        width(s.heads * s.head_size),
        ld((s.fused_qkv ? 3 * width : width) + s.padding),
        ldcontext(width + s.padding) {}

  void add_operands(Operands& o) const {
    const int64_t tokens = offsets.back(), queries = query_offsets.back();
    o.add_ints("offsets", offsets);
    o.add_ints("query_offsets", query_offsets);
    const auto add = [&](const char* name, int64_t count, double size = 1) {
      o.add_numbers(name, count, shape.precision, -size, size);
    };
    if (shape.fused_qkv) {
      add("qkv", tokens * ld, 2);
      add("dqkv", tokens * ld);
    } else {
      add("q", queries * ld, 2), add("dq", queries * ld);
      add("k", tokens * ld, 2), add("dk", tokens * ld);
      add("v", tokens * ld), add("dv", tokens * ld);
    }
    add("context", queries * ldcontext);
    add("dcontext", queries * ldcontext);
    o.add("logsumexp", queries * shape.heads);
    add_dropout_step(o);
  }

  Numbers part(Operands& o, const char* prefix, int index) const {
    if (!shape.fused_qkv) return o.n(concat(prefix, "qkv"[index]));
    const Numbers all = o.n(concat(prefix, "qkv"));
    if (shape.precision == Precision::kF32) return all + index * width;
    return {static_cast<uint16_t*>(all.data) + index * width, Precision::kBF16};
  }

  AttentionForwardArgs forward(Operands& o) const {
    AttentionForwardArgs args{};
    args.sequences = static_cast<int64_t>(shape.lengths.size());
    args.heads = shape.heads, args.head_size = shape.head_size;
    args.query_offsets = o.i("query_offsets"), args.offsets = o.i("offsets");
    args.q = part(o, "", 0), args.k = part(o, "", 1), args.v = part(o, "", 2);
    args.ldq = args.ldk = args.ldv = ld;
    args.scale = 0.3f;
    args.dropout = case_dropout(o, shape.dropout);
    args.context = o.n("context"), args.ldcontext = ldcontext;
    args.logsumexp = o.f("logsumexp");
    return args;
  }

  AttentionBackwardArgs backward(Operands& o) const {
    const AttentionForwardArgs f = forward(o);
    AttentionBackwardArgs args{};
    args.sequences = f.sequences, args.heads = f.heads, args.head_size = f.head_size;
    if (shape.longest_known) args.longest = longest();
    args.query_offsets = f.query_offsets, args.offsets = f.offsets;
    args.q = f.q, args.k = f.k, args.v = f.v;
    args.ldq = args.ldk = args.ldv = ld;
    args.scale = f.scale;
    args.dropout = f.dropout;
    args.context = f.context, args.dcontext = o.n("dcontext"), args.ldcontext = ldcontext;
    args.logsumexp = f.logsumexp;
    args.dq = part(o, "d", 0), args.dk = part(o, "d", 1), args.dv = part(o, "d", 2);
    args.lddq = args.lddk = args.lddv = ld;
    return args;
  }

  int64_t longest() const {
    int32_t most = 0;
    for (const auto* lengths : {&shape.lengths, &shape.queries}) {
      for (const int32_t length : *lengths) most = std::max(most, length);
    }
    return most;
  }

  double products() const {  // multiplications and additions of one scores-sized product
    double pairs = 0;
    for (std::size_t s = 0; s + 1 < offsets.size(); ++s) {
      pairs += static_cast<double>(offsets[s + 1] - offsets[s]) *
               static_cast<double>(query_offsets[s + 1] - query_offsets[s]);
    }
    return 2 * pairs * static_cast<double>(width);
  }

  AttentionShape shape;
  std::vector<int32_t> offsets, query_offsets;
  int64_t width, ld, ldcontext;
};

inline std::vector<AttentionShape> attention_shapes(Precision precision) {
  std::vector<AttentionShape> shapes;
  for (float dropout : {0.0f, 0.1f, 0.5f}) {
    shapes.push_back({"one_token", {1}, 1, 1, dropout});
    shapes.push_back({"odd", {3, 1, 7, 2}, 3, 5, dropout});
    shapes.push_back({"typical", {53, 20, 64, 65}, 4, 32, dropout, {}, 0, true});
    shapes.push_back({"wide_heads", {47, 49}, 2, 64, dropout, {}, 4});
    shapes.push_back({"widest_heads", {70, 3}, 2, 100, dropout});
    shapes.push_back({"first_tokens", {20, 1, 33}, 3, 32, dropout, {1, 1, 1}});
    shapes.push_back({"some_queries", {20, 9, 70}, 2, 24, dropout, {2, 0, 60}, 1});
    shapes.push_back({"empty_sequences", {0, 5, 0, 66, 0}, 2, 32, dropout});
    shapes.push_back({"empty_and_unread", {7, 66, 0}, 2, 32, dropout, {1, 0, 0}});
    shapes.push_back({"short", {64, 128, 65}, 1, 64, dropout, {}, 0, true, true});
  }
  shapes.push_back({"shortest", {17, 33, 64}, 2, 64, 0.1f, {}, 0, true, true});
  shapes.push_back({"short_and_not", {129, 100}, 1, 16, 0.1f, {65, 128}, 0, false, true});
  shapes.push_back({"long", {512}, 2, 64, 0.1f});
  shapes.push_back({"long_and_short", {301, 1, 2, 130, 6}, 1, 33, 0.1f, {}, 0, true});
  shapes.push_back({"many_short", std::vector<int32_t>(100, 3), 2, 16, 0.1f});
  shapes.push_back({"no_sequence", {}, 2, 16, 0.1f});
  for (AttentionShape& shape : shapes) shape.precision = precision;
  return shapes;
}

inline Case attention_forward_case(const AttentionShape& shape, bool save) {
  const AttentionLayout layout(shape);
  Case c;
  c.name = concat("attention_forward/", shape.name, "/dropout_", shape.dropout,
                  save ? "" : "_inference", suffix_of(shape.precision));
  c.flops = 2 * layout.products();
  c.prepare = [layout](Operands& o) { layout.add_operands(o); };
  c.run = [layout, save](const Kernels& kernels, Operands& o) {
    AttentionForwardArgs args = layout.forward(o);
    if (!save) args.logsumexp = nullptr;
    kernels.attention_forward(args, o.stream());
  };
  return c;
}

// After the forward of a backend; without one, of whatever context and logsumexp are.
inline Case attention_backward_case(const AttentionShape& shape,
                                    const Kernels* forward = &reference_kernels()) {
  const AttentionLayout layout(shape);
  Case c;
  c.name = concat("attention_backward/", shape.name, "/dropout_", shape.dropout,
                  suffix_of(shape.precision));
  c.flops = 5 * layout.products();
  // A score's gradient may be rounded before its products are summed, which nearly cancel in some.
  c.half_slack = 2;
  c.prepare = [layout, forward](Operands& o) {
    layout.add_operands(o);
    if (forward != nullptr) forward->attention_forward(layout.forward(o), nullptr);
  };
  c.run = [layout](const Kernels& kernels, Operands& o) {
    kernels.attention_backward(layout.backward(o), o.stream());
  };
  return c;
}

inline std::vector<Case> attention_cases(Precision precision = Precision::kF32) {
  std::vector<Case> cases;
  for (const AttentionShape& shape : attention_shapes(precision)) {
    cases.push_back(attention_forward_case(shape, true));
    cases.push_back(attention_forward_case(shape, false));
    cases.push_back(attention_backward_case(shape));
  }
  return cases;
}

}  // namespace lathe::testing
