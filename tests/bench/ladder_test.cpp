// Every rung of the ladder (bench/ladder/) on shapes below, at and above its tiles and vectors, on
// every instruction set that this processor has; and that a rung which errs is found.
#include "bench/ladder/ladder.h"

#include <gtest/gtest.h>

#include <cstring>

namespace lathe::bench {
namespace {

std::vector<const Kernels*> backends() {
  std::vector<const Kernels*> tables;
  for (const Kernels* const* t = available_cpu_kernels(); *t != nullptr; ++t) {
    if (has_ladder(**t)) tables.push_back(*t);
  }
  return tables;
}

void expect_no_wrong_rung(const Ladder& ladder) {
  for (const int64_t offset : {0, 1}) EXPECT_EQ(first_wrong_rung(ladder, offset), "");
}

TEST(LadderTest, EveryProductIsTheReferences) {
  const int64_t sizes[][3] = {{1, 1, 1},    {5, 7, 3},     {8, 48, 4},    {9, 49, 65},
                              {16, 95, 33}, {33, 530, 18}, {1, 100, 384}, {130, 3, 70}};
  for (const Kernels* backend : backends()) {
    for (const auto& [m, n, k] : sizes) expect_no_wrong_rung(gemm_ladder(*backend, m, n, k));
  }
}

TEST(LadderTest, EveryAttentionIsTheReferences) {
  for (const Kernels* backend : backends()) {
    expect_no_wrong_rung(attention_ladder(*backend, {1}, 1, 1));
    expect_no_wrong_rung(attention_ladder(*backend, {3, 1, 7, 2}, 3, 5));
    expect_no_wrong_rung(attention_ladder(*backend, {53, 64, 65}, 2, 32));
    expect_no_wrong_rung(attention_ladder(*backend, {16, 130}, 2, 64));
    expect_no_wrong_rung(attention_ladder(*backend, {70, 6}, 1, 100));
  }
}

// The last element is the one that a step with a wrong edge misses.
void gemm_without_its_last_element(const GemmArgs& args, Stream stream) {
  reference_kernels().gemm(args, stream);
  static_cast<float*>(args.c)[(args.m - 1) * args.ldc + args.n - 1] *= 0.999f;
}

void attention_of_the_first_key(const AttentionForwardArgs& args, Stream /*stream*/) {
  for (int64_t i = 0; i < args.query_offsets[args.sequences]; ++i) {
    std::memcpy(args.context + i * args.ldcontext, args.v,
                static_cast<std::size_t>(args.heads * args.head_size) * sizeof(float));
  }
}

TEST(LadderTest, AWrongRungIsNamed) {
  Ladder product = gemm_ladder(*backends().front(), 9, 49, 65);
  product.rungs[3].kernels.gemm = gemm_without_its_last_element;
  const std::string wrong = first_wrong_rung(product);
  EXPECT_NE(wrong.find("rung 4 registers: c[440]"), std::string::npos) << wrong;

  Ladder attention = attention_ladder(*backends().front(), {3, 2}, 2, 8);
  attention.rungs[1].kernels.attention_forward = attention_of_the_first_key;
  EXPECT_NE(first_wrong_rung(attention).find("rung 2 order: context["), std::string::npos);
}

}  // namespace
}  // namespace lathe::bench
