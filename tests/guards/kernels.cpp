#include <memory>

#include "tests/guards/guards.h"
#include "tests/kernels/cases.h"
#include "tests/kernels/compare.h"

namespace lathe::testing {

namespace {

constexpr int64_t kTokens = 100, kHidden = 384;
constexpr float kDropout = 0.1f;

Guard guard(const std::string& name, const Case& c) {
  return {name, [c]() -> std::function<void()> {
            const auto operands = std::make_shared<Operands>(prepare(c));
            return [c, operands] { c.run(cpu_kernels(), *operands); };
          }};
}

// Of floats, and of bfloat16s with results as training has them.
void add_gemm(std::vector<Guard>& guards) {
  const auto add = [&](const std::string& name, GemmShape shape) {
    guards.push_back(guard(name, gemm_case(shape)));
    shape.operands = Precision::kBF16;
    if (!shape.accumulate) shape.result = Precision::kBF16;
    guards.push_back(guard(name + "_bf16", gemm_case(shape)));
  };
  GemmShape shape{.m = kTokens, .n = kHidden, .k = kHidden, .transpose_b = true};
  shape.epilogue = Epilogue::kBias;
  add("gemm_forward", shape);
  shape.epilogue = Epilogue::kBiasGelu;
  add("gemm_forward_gelu", shape);
  shape.transpose_b = false;
  shape.epilogue = Epilogue::kNone;
  add("gemm_backward_input", shape);
  shape.epilogue = Epilogue::kGeluBackward;
  add("gemm_backward_input_gelu", shape);
  add("gemm_backward_parameters", {.m = kHidden,
                                   .n = kHidden,
                                   .k = kTokens,
                                   .transpose_a = true,
                                   .accumulate = true,
                                   .row_sum = true});
}

}  // namespace

std::vector<Guard> kernel_guards() {
  std::vector<Guard> guards;
  add_gemm(guards);
  AttentionShape attention{
      .name = "", .lengths = {53, 47}, .heads = 12, .head_size = 32, .dropout = kDropout};
  guards.push_back(guard("attention_forward", attention_forward_case(attention, true)));
  guards.push_back(guard("attention_backward", attention_backward_case(attention)));
  attention.precision = Precision::kBF16;
  guards.push_back(guard("attention_forward_bf16", attention_forward_case(attention, true)));
  guards.push_back(guard("attention_backward_bf16", attention_backward_case(attention)));
  const AttentionPoolShape pool{
      .name = "", .lengths = {53, 47}, .heads = 12, .hidden = kHidden, .dropout = kDropout};
  guards.push_back(guard("attention_pool_forward", attention_pool_forward_case(pool, true)));
  guards.push_back(guard("attention_pool_backward", attention_pool_backward_case(pool)));
  AddNormShape norm{.rows = kTokens, .hidden = kHidden, .dropout = kDropout};
  guards.push_back(guard("add_norm_forward", add_norm_forward_case(norm)));
  guards.push_back(guard("add_norm_backward", add_norm_backward_case(norm)));
  norm.precision = Precision::kBF16;
  guards.push_back(guard("add_norm_forward_bf16", add_norm_forward_case(norm)));
  guards.push_back(guard("add_norm_backward_bf16", add_norm_backward_case(norm)));
  const EmbeddingShape embedding{
      .tokens = kTokens, .hidden = kHidden, .words = 1000, .dropout = kDropout};
  guards.push_back(guard("embedding_forward", embedding_forward_case(embedding)));
  guards.push_back(guard("embedding_backward", embedding_backward_case(embedding)));
  const OptimizerShape optimizer{.name = "",
                                 .counts = {100000, 384},
                                 .weight_decay = 0.01f,
                                 .marked_rows = 500,
                                 .row_size = kHidden};
  guards.push_back(guard("squared_norm", squared_norm_case(optimizer)));
  guards.push_back(guard("adamw", adamw_case(optimizer)));
  return guards;
}

}  // namespace lathe::testing
