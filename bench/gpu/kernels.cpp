#include <cstdio>
#include <vector>

#include "base/error.h"
#include "bench/gpu/report.h"
#include "tests/kernels/cases.h"

namespace lathe::bench {
namespace {

constexpr float kDropout = 0.1f;

// A kernel in both precisions, from what makes its case of one.
template <class MakeCase>
void add_both(Report& report, const MakeCase& make) {
  report.add(make(Precision::kF32), make(Precision::kBF16));
}

// y = x Wᵀ + bias, dx = dy W, dW += dyᵀ x.
void add_linear(Report& report, int64_t tokens, int64_t in, int64_t out) {
  report.add_product(
      {.m = tokens, .n = out, .k = in, .transpose_b = true, .epilogue = Epilogue::kBias});
  report.add_product({.m = tokens, .n = in, .k = out});
  report.add_product({.m = out, .n = in, .k = tokens, .transpose_a = true, .accumulate = true});
  report.save();
}

}  // namespace

void add_products(Report& report) {
  std::printf("\n%-50s%11s%11s%8s%11s%11s%8s\n", "TFLOP/s", "f32 cuBLAS", "Lathe", "",
              "bf16 cuBLAS", "Lathe", "");
  const int64_t hidden = report.suite().hidden;
  for (const int64_t tokens : report.suite().product_rows) {
    add_linear(report, tokens, hidden, hidden);
    add_linear(report, tokens, hidden, 4 * hidden);
    add_linear(report, tokens, 4 * hidden, hidden);
  }
  // The fourth pair of transpositions, which BERT has no use for; and GELU, which is a part of the
  // product before it: beside the same product with a bias alone, this is what it costs.
  const int64_t rows = report.suite().product_rows.back(), wide = 4 * hidden;
  report.add_product(
      {.m = rows, .n = hidden, .k = hidden, .transpose_a = true, .transpose_b = true});
  report.add_product(
      {.m = rows, .n = wide, .k = hidden, .transpose_b = true, .epilogue = Epilogue::kBiasGelu});
  report.add_product({.m = rows, .n = wide, .k = hidden, .epilogue = Epilogue::kGeluBackward});
  report.save();
}

void add_attention(Report& report) {
  std::printf("\n");
  const GpuSuite& suite = report.suite();
  for (const auto& [count, length] : suite.attention) {
    testing::AttentionShape shape{
        concat(count, "x", length),
        std::vector<int32_t>(static_cast<std::size_t>(count), static_cast<int32_t>(length)),
        suite.heads, suite.hidden / suite.heads, kDropout};
    add_both(report, [&](Precision precision) {
      shape.precision = precision;
      return testing::attention_forward_case(shape, true);
    });
    add_both(report, [&](Precision precision) {
      shape.precision = precision;
      // The forward's results are rounded from the processor's, which takes floats.
      return testing::attention_backward_case(
          shape, precision == Precision::kF32 ? &cpu_kernels() : nullptr);
    });
  }
}

void add_memory_bound(Report& report) {
  report.measure_copy();
  const GpuSuite& suite = report.suite();
  const auto norm = [&](Precision precision) {
    return testing::AddNormShape{
        .rows = suite.tokens, .hidden = suite.hidden, .dropout = kDropout, .precision = precision};
  };
  const auto embedding = [&](Precision precision) {
    return testing::EmbeddingShape{.tokens = suite.tokens,
                                   .hidden = suite.hidden,
                                   .words = suite.words,
                                   .dropout = kDropout,
                                   .precision = precision};
  };
  add_both(report, [&](Precision p) { return testing::add_norm_forward_case(norm(p)); });
  add_both(report, [&](Precision p) { return testing::add_norm_backward_case(norm(p)); });
  add_both(report, [&](Precision p) { return testing::embedding_forward_case(embedding(p)); });
  add_both(report, [&](Precision p) { return testing::embedding_backward_case(embedding(p)); });
  report.add(testing::cast_case(suite.parameters, Precision::kF32, Precision::kBF16),
             Precision::kBF16);
  testing::OptimizerShape optimizer{"encoder", {suite.parameters}};
  report.add(testing::squared_norm_case(optimizer), Precision::kF32);
  report.add(testing::adamw_case(optimizer), Precision::kF32);
  optimizer.rounded = true;
  report.add(testing::adamw_case(optimizer), Precision::kBF16);
}

}  // namespace lathe::bench
