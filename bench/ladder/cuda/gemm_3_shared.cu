// Step 3: tiles in shared memory. A block computes 32 x 32 results and goes along k in steps of 32:
// its threads copy a tile of each operand into the multiprocessor's own memory, wait for each
// other, and multiply from there. A number that was fetched from global memory once serves 32
// products. But a product still costs two loads, now of shared memory.
#include "bench/ladder/cuda/steps.h"
#include "kernels/cuda/numbers.h"

namespace lathe::LATHE_CUDA {
namespace {

constexpr int kEdge = 32;

__global__ void __launch_bounds__(kEdge* kEdge) shared_kernel(GemmArgs args) {
  __shared__ float a_tile[kEdge][kEdge];
  __shared__ float b_tile[kEdge][kEdge];
  const float *a = as<float>(args.a), *b = as<float>(args.b);
  const int x = static_cast<int>(threadIdx.x), y = static_cast<int>(threadIdx.y);
  const int64_t i = int64_t{blockIdx.y} * kEdge + y, j = int64_t{blockIdx.x} * kEdge + x;
  float sum = 0;
  for (int64_t first = 0; first < args.k; first += kEdge) {
    a_tile[y][x] = i < args.m && first + x < args.k ? a[i * args.lda + first + x] : 0.0f;
    b_tile[y][x] = j < args.n && first + y < args.k ? b[(first + y) * args.ldb + j] : 0.0f;
    __syncthreads();
    LATHE_UNROLL
    for (int l = 0; l < kEdge; ++l) sum += a_tile[y][l] * b_tile[l][x];
    __syncthreads();  // before the next tiles are written over these
  }
  if (i < args.m && j < args.n) as<float>(args.c)[i * args.ldc + j] = sum;
}

}  // namespace

void gemm_3_shared(const GemmArgs& args, Stream stream) {
  const dim3 grid(static_cast<unsigned>(ceil_div(args.n, kEdge)),
                  static_cast<unsigned>(ceil_div(args.m, kEdge)));
  launch("gemm", shared_kernel, grid, dim3(kEdge, kEdge), 0, stream, args);
}

}  // namespace lathe::LATHE_CUDA
