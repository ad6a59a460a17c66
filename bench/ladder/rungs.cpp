#include <omp.h>

#include <cstdlib>

#include "base/error.h"
#include "bench/ladder/ladder.h"
#include "bench/ladder/steps.h"
#include "tests/kernels/cases/attention.h"
#include "tests/kernels/cases/gemm.h"

namespace lathe {

// One table per instruction set, each from its own build of bench/ladder/cpu/table.cpp.
namespace cpu {
namespace baseline {
const LadderSteps& ladder_steps();
}
namespace avx2 {
const LadderSteps& ladder_steps();
}
namespace avx512 {
const LadderSteps& ladder_steps();
}
}  // namespace cpu

namespace bench {
namespace {

struct Words {
  const char *name, *adds;
};

constexpr Words kGemmWords[LadderSteps::kGemm] = {
    {"1 plain", "three loops, one sum after another"},
    {"2 order", "W transposed, the inner loop along a row: vectors"},
    {"3 blocks", "a block of W stays in the L1 cache"},
    {"4 registers", "a tile of sums stays in registers"},
    {"5 panels", "operands copied into the order of reading"},
};
constexpr Words kGemmKernel = {"6 kernel", "kernels/cpu/gemm: fetches ahead, packs by vectors"};

constexpr Words kAttentionWords[LadderSteps::kAttention] = {
    {"1 plain", "all scores, all softmaxes, all contexts"},
    {"2 order", "keys transposed, inner loops along rows: vectors"},
    {"3 exp", "exponentials by vectors"},
    {"4 registers", "six queries share what is loaded, sums in registers"},
    {"5 cache", "six queries at a time: no matrix of scores"},
};
constexpr Words kAttentionKernel = {"6 kernel", "kernels/cpu/attention: packs by vectors"};
constexpr Words kThreads = {"7 threads", "all threads"};

const LadderSteps* steps_of(const std::string& backend) {
  if (backend == "baseline") return &cpu::baseline::ladder_steps();
  if (backend == "avx2") return &cpu::avx2::ladder_steps();
  if (backend == "avx512") return &cpu::avx512::ladder_steps();
  return nullptr;
}

const LadderSteps& required_steps_of(const Kernels& backend) {
  const LadderSteps* steps = steps_of(backend.name);
  if (steps == nullptr) {
    fail("the ladder has no steps for the CPU backend ", backend.name,
         "; LATHE_CPU may be baseline, avx2 or avx512");
  }
  return *steps;
}

// Asked before the first rung sets another number.
int all_threads() {
  static const int threads = omp_get_max_threads();
  return threads;
}

// The backend itself ends the ladder.
void add_kernel(Ladder& ladder, const Kernels& backend, const Words& words) {
  ladder.rungs.push_back({words.name, words.adds, backend, 1});
  if (all_threads() > 1)
    ladder.rungs.push_back({kThreads.name, kThreads.adds, backend, all_threads()});
}

}  // namespace

bool has_ladder(const Kernels& backend) { return steps_of(backend.name) != nullptr; }

const Kernels& ladder_backend() {
  const char* forced = std::getenv("LATHE_CPU");
  if (forced != nullptr && *forced != '\0') {
    required_steps_of(cpu_kernels());
    return cpu_kernels();
  }
  const Kernels* const* table = available_cpu_kernels();
  const Kernels* best = table[0];  // baseline
  for (int i = 1; table[i] != nullptr; ++i) {
    if (has_ladder(*table[i])) best = table[i];
  }
  return *best;
}

Ladder gemm_ladder(const Kernels& backend, int64_t m, int64_t n, int64_t k) {
  Ladder ladder{
      testing::gemm_case({.m = m, .n = n, .k = k, .transpose_b = true}), backend.name, {}};
  const LadderSteps& steps = required_steps_of(backend);
  for (int i = 0; i < LadderSteps::kGemm; ++i) {
    Kernels kernels = backend;
    kernels.gemm = steps.gemm[i];
    ladder.rungs.push_back({kGemmWords[i].name, kGemmWords[i].adds, kernels, 1});
  }
  add_kernel(ladder, backend, kGemmKernel);
  return ladder;
}

Ladder attention_ladder(const Kernels& backend, const std::vector<int32_t>& lengths, int64_t heads,
                        int64_t head_size) {
  const std::string name = concat(lengths.size(), "x", lengths.front(), "/", heads, "x", head_size);
  Ladder ladder{
      testing::attention_forward_case({name, lengths, heads, head_size}, false), backend.name, {}};
  const LadderSteps& steps = required_steps_of(backend);
  for (int i = 0; i < LadderSteps::kAttention; ++i) {
    Kernels kernels = backend;
    kernels.attention_forward = steps.attention[i];
    ladder.rungs.push_back({kAttentionWords[i].name, kAttentionWords[i].adds, kernels, 1});
  }
  add_kernel(ladder, backend, kAttentionKernel);
  return ladder;
}

}  // namespace bench
}  // namespace lathe
