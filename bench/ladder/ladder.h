// The ladder: a kernel in steps, from plain loops to the one that this project uses, on one
// problem.
#pragma once

#include <string>
#include <vector>

#include "tests/kernels/cases/case.h"

namespace lathe::bench {

struct Rung {
  const char* name;
  const char* adds;  // to the rung before
  Kernels kernels;   // whose gemm or attention_forward is this rung's
  int threads;
};

struct Ladder {
  testing::Case problem;
  std::string backend;  // "baseline", "avx2" or "avx512"
  std::vector<Rung> rungs;
};

// Whether there are steps for its instruction set: it is baseline, avx2 or avx512.
bool has_ladder(const Kernels& backend);

// The CPU backend on whose instruction set the ladder stands: the one that LATHE_CPU names, else
// the fastest of baseline, avx2 and avx512 that this processor runs. Error for any other name.
const Kernels& ladder_backend();

// y = x Wᵀ of m rows, n outputs and k inputs.
Ladder gemm_ladder(const Kernels& backend, int64_t m, int64_t n, int64_t k);

// Attention of inference: no dropout, nothing saved.
Ladder attention_ladder(const Kernels& backend, const std::vector<int32_t>& lengths, int64_t heads,
                        int64_t head_size);

// Empty, or a line that names the first rung that does not give what the reference kernels give.
// `offset`: elements that operands lie off their alignment.
std::string first_wrong_rung(const Ladder& ladder, int64_t offset = 0);

// Times all rungs in turn, several times over, and prints a row for each: its best speed as a
// fraction of the best that its threads could do in multiplications and additions alone.
void print_speeds(const Ladder& ladder);

}  // namespace lathe::bench
