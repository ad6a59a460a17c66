// Step 2: another order of the loops. The innermost goes along a row of c, where neighbours are
// independent sums: the compiler makes vectors of them. For that b is transposed once.
#include "bench/ladder/cpu/plain.h"
#include "bench/ladder/cpu/steps.h"
#include "kernels/scratch.h"

namespace lathe::cpu::LATHE_ISA {

void gemm_2_order(const GemmArgs& args, Stream /*stream*/) {
  static thread_local Scratch scratch;
  const int64_t n = args.n, k = args.k;
  float* bt = scratch.floats(k * n);  // [k, n]
  transpose(args.b, args.ldb, n, k, bt, n);
  for (int64_t i = 0; i < args.m; ++i) {
    const float* a = args.a + i * args.lda;
    float* __restrict c = args.c + i * args.ldc;
    clear(c, n);
    for (int64_t l = 0; l < k; ++l) {
      for (int64_t j = 0; j < n; ++j) c[j] += a[l] * bt[l * n + j];
    }
  }
}

}  // namespace lathe::cpu::LATHE_ISA
