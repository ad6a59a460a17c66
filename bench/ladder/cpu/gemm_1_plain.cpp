// Step 1: the definition. Every sum is one chain: an addition waits for the one before it, and the
// compiler may not split the chain, since that would change the rounding.
#include "bench/ladder/cpu/steps.h"

namespace lathe::cpu::LATHE_ISA {

void gemm_1_plain(const GemmArgs& args, Stream /*stream*/) {
  const float *a = args.a, *b = args.b;
  float* c = args.c;
  for (int64_t i = 0; i < args.m; ++i) {
    for (int64_t j = 0; j < args.n; ++j) {
      float sum = 0;
      for (int64_t l = 0; l < args.k; ++l) sum += a[i * args.lda + l] * b[j * args.ldb + l];
      c[i * args.ldc + j] = sum;
    }
  }
}

}  // namespace lathe::cpu::LATHE_ISA
