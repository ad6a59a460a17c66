// The reference's backward ops against central differences of its forward ops. The other backends
// are compared with the reference (backends_test.cpp).
#include <gtest/gtest.h>

#include <cmath>

#include "tests/kernels/cases.h"

namespace lathe::testing {
namespace {

constexpr double kStep = 1.0 / 128;
// The outputs are floats: their rounding, 2^-25 relative, divided by the step makes 4e-6 each; the
// differences' own error is about step² = 6e-5. Wrong gradients are wrong in the first digits.
constexpr double kTolerance = 1e-3;

struct Gradient {
  std::string of, in;  // the operand, and the operand that holds its gradient
  bool adds = false;   // backward adds to it
};

using Objective = std::function<double(Operands&)>;
using Backward = std::function<void(Operands&)>;

double dot(const float* a, const float* b, int64_t count) {
  double sum = 0;
  for (int64_t i = 0; i < count; ++i) sum += static_cast<double>(a[i]) * b[i];
  return sum;
}

double difference_quotient(const Operands& operands, const Objective& objective,
                           const std::string& name, std::size_t i) {
  Operands above = operands, below = operands;
  above.f(name)[i] += static_cast<float>(kStep);
  below.f(name)[i] -= static_cast<float>(kStep);
  return (objective(above) - objective(below)) / (2 * kStep);
}

// The objective runs forward on its operands, and so leaves in them what backward needs.
void expect_gradients(const Operands& operands, const Objective& objective,
                      const Backward& backward, const std::vector<Gradient>& gradients) {
  Operands after = operands;
  objective(after);
  backward(after);
  for (const Gradient& gradient : gradients) {
    const AlignedVector<float>& before = operands.floats().at(gradient.in);
    const AlignedVector<float>& values = after.floats().at(gradient.in);
    const double size = std::sqrt(dot(values.data(), values.data(), std::ssize(values)) /
                                  static_cast<double>(values.size()));
    EXPECT_GT(size, 0) << gradient.in;
    for (std::size_t i = 0; i < values.size(); ++i) {
      const double found = values[i] - (gradient.adds ? before[i] : 0.0f);
      const double expected = difference_quotient(operands, objective, gradient.of, i);
      EXPECT_NEAR(found, expected, kTolerance * (std::fabs(expected) + size))
          << gradient.in << "[" << i << "]";
    }
  }
}

// z = gelu(x Wᵀ + bias) V: every form of gemm that a feed-forward layer needs.
TEST(GradientsTest, FeedForward) {
  constexpr int64_t kTokens = 3, kIn = 4, kInner = 5, kOut = 2;
  const Kernels& kernels = reference_kernels();
  Operands operands;
  operands.add("x", kTokens * kIn), operands.add("dx", kTokens * kIn);
  operands.add("w", kInner * kIn), operands.add("dw", kInner * kIn);
  operands.add("bias", kInner), operands.add("dbias", kInner);
  operands.add("v", kInner * kOut), operands.add("dv", kInner * kOut);
  operands.add("hidden", kTokens * kInner), operands.add("saved", kTokens * kInner);
  operands.add("dhidden", kTokens * kInner);
  operands.add("z", kTokens * kOut), operands.add("dz", kTokens * kOut);
  const Objective objective = [&](Operands& o) {
    kernels.gemm({.m = kTokens,
                  .n = kInner,
                  .k = kIn,
                  .a = o.f("x"),
                  .lda = kIn,
                  .b = o.f("w"),
                  .ldb = kIn,
                  .transpose_b = true,
                  .c = o.f("hidden"),
                  .ldc = kInner,
                  .epilogue = Epilogue::kBiasGelu,
                  .bias = o.f("bias"),
                  .saved = o.f("saved")},
                 nullptr);
    kernels.gemm({.m = kTokens,
                  .n = kOut,
                  .k = kInner,
                  .a = o.f("hidden"),
                  .lda = kInner,
                  .b = o.f("v"),
                  .ldb = kOut,
                  .c = o.f("z"),
                  .ldc = kOut},
                 nullptr);
    return dot(o.f("z"), o.f("dz"), kTokens * kOut);
  };
  const Backward backward = [&](Operands& o) {
    kernels.gemm({.m = kInner,
                  .n = kOut,
                  .k = kTokens,
                  .a = o.f("hidden"),
                  .lda = kInner,
                  .transpose_a = true,
                  .b = o.f("dz"),
                  .ldb = kOut,
                  .c = o.f("dv"),
                  .ldc = kOut,
                  .accumulate = true},
                 nullptr);
    kernels.gemm({.m = kTokens,
                  .n = kInner,
                  .k = kOut,
                  .a = o.f("dz"),
                  .lda = kOut,
                  .b = o.f("v"),
                  .ldb = kOut,
                  .transpose_b = true,
                  .c = o.f("dhidden"),
                  .ldc = kInner,
                  .epilogue = Epilogue::kGeluBackward,
                  .saved = o.f("saved")},
                 nullptr);
    kernels.gemm({.m = kTokens,
                  .n = kIn,
                  .k = kInner,
                  .a = o.f("dhidden"),
                  .lda = kInner,
                  .b = o.f("w"),
                  .ldb = kIn,
                  .c = o.f("dx"),
                  .ldc = kIn},
                 nullptr);
    kernels.gemm({.m = kInner,
                  .n = kIn,
                  .k = kTokens,
                  .a = o.f("dhidden"),
                  .lda = kInner,
                  .transpose_a = true,
                  .b = o.f("x"),
                  .ldb = kIn,
                  .c = o.f("dw"),
                  .ldc = kIn,
                  .accumulate = true,
                  .a_row_sum = o.f("dbias")},
                 nullptr);
  };
  expect_gradients(operands, objective, backward,
                   {{"x", "dx"}, {"w", "dw", true}, {"bias", "dbias", true}, {"v", "dv", true}});
}

TEST(GradientsTest, Tanh) {
  constexpr int64_t kCount = 6;
  const Kernels& kernels = reference_kernels();
  Operands operands;
  for (const char* name : {"x", "y", "dy", "dx"}) operands.add(name, kCount);
  operands.add_constant("one", 1, 1), operands.add_constant("zero", 1, 0);
  const Objective objective = [&](Operands& o) {
    kernels.gemm({.m = kCount,
                  .n = 1,
                  .k = 1,
                  .a = o.f("x"),
                  .lda = 1,
                  .b = o.f("one"),
                  .ldb = 1,
                  .c = o.f("y"),
                  .ldc = 1,
                  .epilogue = Epilogue::kBiasTanh,
                  .bias = o.f("zero")},
                 nullptr);
    return dot(o.f("y"), o.f("dy"), kCount);
  };
  const Backward backward = [&](Operands& o) {
    kernels.tanh_backward({o.f("y"), o.f("dy"), o.f("dx"), kCount}, nullptr);
  };
  expect_gradients(operands, objective, backward, {{"x", "dx"}});
}

TEST(GradientsTest, Attention) {
  for (float dropout : {0.0f, 0.4f}) {
    for (const AttentionShape& shape : {AttentionShape{"odd", {3, 1, 5}, 2, 3, dropout},
                                        AttentionShape{"queries", {4, 3}, 2, 3, dropout, {1, 2}}}) {
      const AttentionLayout layout(shape);
      Operands operands;
      layout.add_operands(operands);
      const Objective objective = [&](Operands& o) {
        reference_kernels().attention_forward(layout.forward(o), nullptr);
        return dot(o.f("context"), o.f("dcontext"), layout.query_offsets.back() * layout.width);
      };
      const Backward backward = [&](Operands& o) {
        reference_kernels().attention_backward(layout.backward(o), nullptr);
      };
      expect_gradients(operands, objective, backward, {{"q", "dq"}, {"k", "dk"}, {"v", "dv"}});
    }
  }
}

TEST(GradientsTest, AttentionPool) {
  for (float dropout : {0.0f, 0.4f}) {
    const AttentionPoolShape shape{"odd", {3, 1, 5}, 2, 3, dropout};
    Operands operands;
    add_attention_pool_operands(operands, shape);
    const int64_t per_head = std::ssize(shape.lengths) * shape.heads;
    const Objective objective = [&](Operands& o) {
      reference_kernels().attention_pool_forward(attention_pool_forward_args(o, shape), nullptr);
      return dot(o.f("z"), o.f("dz"), per_head * shape.hidden) +
             dot(o.f("mass"), o.f("dmass"), per_head);
    };
    const Backward backward = [&](Operands& o) {
      reference_kernels().attention_pool_backward(attention_pool_backward_args(o, shape), nullptr);
    };
    expect_gradients(operands, objective, backward, {{"u", "du"}, {"x", "dx"}});
  }
}

TEST(GradientsTest, AddNorm) {
  for (float dropout : {0.0f, 0.4f}) {
    const AddNormShape shape{4, 7, dropout};
    Operands operands;
    add_add_norm_operands(operands, shape);
    const Objective objective = [&](Operands& o) {
      reference_kernels().add_norm_forward(add_norm_forward_args(o, shape), nullptr);
      return dot(o.f("y"), o.f("dy"), shape.rows * shape.hidden);
    };
    const Backward backward = [&](Operands& o) {
      reference_kernels().add_norm_backward(add_norm_backward_args(o, shape), nullptr);
    };
    expect_gradients(operands, objective, backward,
                     {{"x", "dx"},
                      {"residual", "dresidual"},
                      {"gamma", "dgamma", true},
                      {"beta", "dbeta", true}});
  }
}

TEST(GradientsTest, Embedding) {
  for (float dropout : {0.0f, 0.4f}) {
    const EmbeddingShape shape{6, 7, 5, dropout};
    Operands operands;
    add_embedding_operands(operands, shape);
    const Objective objective = [&](Operands& o) {
      reference_kernels().embedding_forward(embedding_forward_args(o, shape), nullptr);
      return dot(o.f("y"), o.f("dy"), shape.tokens * shape.hidden);
    };
    const Backward backward = [&](Operands& o) {
      reference_kernels().embedding_backward(embedding_backward_args(o, shape), nullptr);
    };
    expect_gradients(operands, objective, backward,
                     {{"word", "dword", true},
                      {"position", "dposition", true},
                      {"type", "dtype", true},
                      {"gamma", "dgamma", true},
                      {"beta", "dbeta", true}});
  }
}

TEST(GradientsTest, Losses) {
  for (RunLoss run : {run_cross_entropy, run_binary_cross_entropy, run_squared_error}) {
    const LossShape shape{3, 4, LossGradient::kApart, 2};
    Operands operands;
    add_loss_operands(operands, shape);
    const Objective objective = [&](Operands& o) {
      run(reference_kernels(), o, shape);
      double sum = 0;
      for (int64_t i = 0; i < shape.rows; ++i) sum += o.f("loss")[i];
      return sum * kLossGradScale;
    };
    expect_gradients(operands, objective, [](Operands&) {}, {{"logits", "dlogits"}});
  }
}

}  // namespace
}  // namespace lathe::testing
