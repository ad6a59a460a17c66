// Step 3: blocks. Step 2 reads all of bᵀ for every row of c, from whichever cache is large enough.
// Here a block of it stays in the L1 cache while all rows of a pass.
#include "bench/ladder/cpu/plain.h"
#include "bench/ladder/cpu/steps.h"
#include "kernels/cpu/vector.h"
#include "kernels/scratch.h"

namespace lathe::cpu::LATHE_ISA {

void gemm_3_blocks(const GemmArgs& args, Stream /*stream*/) {
  constexpr int64_t kDepth = 16, kColumns = 256;  // 16 KB of bᵀ, 1 KB of c
  static thread_local Scratch scratch;
  const int64_t n = args.n, k = args.k;
  float* bt = scratch.floats(k * n);  // [k, n]
  transpose(args.b, args.ldb, n, k, bt, n);
  for (int64_t i = 0; i < args.m; ++i) clear(args.c + i * args.ldc, n);
  for (int64_t j = 0; j < n; j += kColumns) {
    for (int64_t l = 0; l < k; l += kDepth) {
      for (int64_t i = 0; i < args.m; ++i) {
        add_products(minimum(kColumns, n - j), minimum(kDepth, k - l), 1, args.a + i * args.lda + l,
                     bt + l * n + j, n, args.c + i * args.ldc + j);
      }
    }
  }
}

}  // namespace lathe::cpu::LATHE_ISA
