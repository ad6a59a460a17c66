// Step 1: the definition, a thread a result. The 32 threads of a warp run in step, and their loads
// are served together, in sectors of 32 neighbouring bytes. Here neighbouring threads have
// neighbouring rows: a load of a takes 32 sectors for 32 numbers, and so does the store.
#include "bench/ladder/cuda/steps.h"
#include "kernels/cuda/numbers.h"

namespace lathe::LATHE_CUDA {
namespace {

constexpr int kRows = 32, kColumns = 8;  // of a block

__global__ void __launch_bounds__(kRows* kColumns) plain_kernel(GemmArgs args) {
  const float *a = as<float>(args.a), *b = as<float>(args.b);
  const int64_t i = int64_t{blockIdx.x} * kRows + threadIdx.x;
  const int64_t j = int64_t{blockIdx.y} * kColumns + threadIdx.y;
  if (i >= args.m || j >= args.n) return;
  float sum = 0;
  for (int64_t l = 0; l < args.k; ++l) sum += a[i * args.lda + l] * b[l * args.ldb + j];
  as<float>(args.c)[i * args.ldc + j] = sum;
}

}  // namespace

void gemm_1_plain(const GemmArgs& args, Stream stream) {
  const dim3 grid(static_cast<unsigned>(ceil_div(args.m, kRows)),
                  static_cast<unsigned>(ceil_div(args.n, kColumns)));
  launch("gemm", plain_kernel, grid, dim3(kRows, kColumns), 0, stream, args);
}

}  // namespace lathe::LATHE_CUDA
