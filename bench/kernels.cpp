// The kernels that a training step spends its time in, on the shapes of MiniLM-L6 (hidden size 384,
// 12 heads) and BERT-base (768, 12 heads) with 16 pairs of sentences, 850 tokens, in a batch.
#include <string>
#include <utility>
#include <vector>

#include "bench/support/cases.h"
#include "tests/kernels/cases.h"

namespace lathe::bench {
namespace {

using testing::Case;
using testing::GemmShape;

constexpr int64_t kTokens = 850;
constexpr float kDropout = 0.1f;
constexpr Precision kPrecisions[] = {Precision::kF32, Precision::kBF16};

// y = x Wᵀ + bias, dx = dy W, and dW += dyᵀ x with dbias, of a layer with `in` inputs.
void add_linear(std::vector<Case>& cases, int64_t tokens, int64_t in, int64_t out) {
  for (GemmShape shape :
       {GemmShape{.m = tokens, .n = out, .k = in, .transpose_b = true, .epilogue = Epilogue::kBias},
        GemmShape{.m = tokens, .n = in, .k = out},
        GemmShape{.m = out,
        .n = in,
        .k = tokens,
        .transpose_a = true,
        .accumulate = true,
        .row_sum = true}}) {
    for (const Precision precision : kPrecisions) {
      shape.operands = precision;
      if (!shape.accumulate) shape.result = precision;  // gradients of weights are floats
      cases.push_back(testing::gemm_case(shape));
    }
  }
}

void add_gelu(std::vector<Case>& cases, int64_t tokens, int64_t hidden) {
  cases.push_back(testing::gemm_case(GemmShape{.m = tokens,
                                               .n = 4 * hidden,
                                               .k = hidden,
                                               .transpose_b = true,
                                               .epilogue = Epilogue::kBiasGelu}));
  cases.push_back(testing::gemm_case(
      GemmShape{.m = tokens, .n = 4 * hidden, .k = hidden, .epilogue = Epilogue::kGeluBackward}));
}

void add_gemm(std::vector<Case>& cases) {
  for (int64_t hidden : {384, 768}) {
    add_linear(cases, kTokens, hidden, hidden);
    add_linear(cases, kTokens, hidden, 3 * hidden);
    add_linear(cases, kTokens, hidden, 4 * hidden);
    add_linear(cases, kTokens, 4 * hidden, hidden);
    add_gelu(cases, kTokens, hidden);
  }
  add_linear(cases, 200, 384, 384);
  add_linear(cases, 4096, 384, 384);
  add_linear(cases, 16, 384, 384);  // pooler
  add_linear(cases, 16, 384, 2);    // classifier
}

// Names and lengths of a batch of pairs and one of long texts.
std::vector<std::pair<std::string, std::vector<int32_t>>> batches() {
  return {{"16x53/", std::vector<int32_t>(16, 53)}, {"4x512/", std::vector<int32_t>(4, 512)}};
}

void add_attention(std::vector<Case>& cases) {
  for (int64_t head_size : {32, 64}) {
    const std::string heads = "12x" + std::to_string(head_size);
    for (const auto& [name, lengths] : batches()) {
      for (const Precision precision : kPrecisions) {
        testing::AttentionShape shape{name + heads, lengths, 12, head_size, kDropout};
        shape.precision = precision;
        cases.push_back(testing::attention_forward_case(shape, true));
        cases.push_back(testing::attention_backward_case(shape));
      }
    }
  }
}

// The last layer's, of the first tokens.
void add_attention_pool(std::vector<Case>& cases) {
  for (int64_t hidden : {384, 768}) {
    const std::string heads = "12x" + std::to_string(hidden);
    for (const auto& [name, lengths] : batches()) {
      for (const Precision precision : kPrecisions) {
        testing::AttentionPoolShape shape{name + heads, lengths, 12, hidden, kDropout};
        shape.precision = precision;
        cases.push_back(testing::attention_pool_forward_case(shape, true));
        cases.push_back(testing::attention_pool_backward_case(shape));
      }
    }
  }
}

void add_rows(std::vector<Case>& cases) {
  for (int64_t hidden : {384, 768}) {
    for (const Precision precision : kPrecisions) {
      const testing::AddNormShape norm{
          .rows = kTokens, .hidden = hidden, .dropout = kDropout, .precision = precision};
      cases.push_back(testing::add_norm_forward_case(norm));
      cases.push_back(testing::add_norm_backward_case(norm));
      const testing::EmbeddingShape embedding{.tokens = kTokens,
                                              .hidden = hidden,
                                              .words = 30522,
                                              .dropout = kDropout,
                                              .precision = precision};
      cases.push_back(testing::embedding_forward_case(embedding));
      cases.push_back(testing::embedding_backward_case(embedding));
    }
  }
}

// The parameters of MiniLM-L6's encoder, then with its word embeddings, of which a batch touches
// few.
void add_optimizer(std::vector<Case>& cases) {
  const int64_t encoder = 10'600'000;
  for (const testing::OptimizerShape& shape :
       {testing::OptimizerShape{"encoder", {encoder}},
        testing::OptimizerShape{"word_embeddings", {}, 0, 30522, 384}}) {
    cases.push_back(testing::adamw_case(shape));
    cases.push_back(testing::squared_norm_case(shape));
  }
}

}  // namespace
}  // namespace lathe::bench

int main(int argc, char** argv) {
  std::vector<lathe::testing::Case> cases;
  lathe::bench::add_gemm(cases);
  lathe::bench::add_attention(cases);
  lathe::bench::add_attention_pool(cases);
  lathe::bench::add_rows(cases);
  lathe::bench::add_optimizer(cases);
  return lathe::bench::run_cases(argc, argv, cases);
}
