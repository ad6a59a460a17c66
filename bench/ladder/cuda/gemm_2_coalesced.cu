// Step 2: coalesced. The same loop; only which thread has which result is exchanged: neighbouring
// threads have neighbouring columns. A warp's load of b is now 128 bytes side by side, 4 sectors in
// place of 32 of a; its load of a is one number for all. Still each product costs two loads.
#include "bench/ladder/cuda/steps.h"
#include "kernels/cuda/numbers.h"

namespace lathe::LATHE_CUDA {
namespace {

constexpr int kRows = 8, kColumns = 32;  // of a block

__global__ void __launch_bounds__(kRows* kColumns) coalesced_kernel(GemmArgs args) {
  const float *a = as<float>(args.a), *b = as<float>(args.b);
  const int64_t i = int64_t{blockIdx.y} * kRows + threadIdx.y;
  const int64_t j = int64_t{blockIdx.x} * kColumns + threadIdx.x;
  if (i >= args.m || j >= args.n) return;
  float sum = 0;
  for (int64_t l = 0; l < args.k; ++l) sum += a[i * args.lda + l] * b[l * args.ldb + j];
  as<float>(args.c)[i * args.ldc + j] = sum;
}

}  // namespace

void gemm_2_coalesced(const GemmArgs& args, Stream stream) {
  const dim3 grid(static_cast<unsigned>(ceil_div(args.n, kColumns)),
                  static_cast<unsigned>(ceil_div(args.m, kRows)));
  launch("gemm", coalesced_kernel, grid, dim3(kColumns, kRows), 0, stream, args);
}

}  // namespace lathe::LATHE_CUDA
