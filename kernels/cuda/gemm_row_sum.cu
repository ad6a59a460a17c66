// The bias's gradient where the product's kernel does not compute it on the way.
#include "kernels/cuda/gemm.h"
#include "kernels/cuda/reduce.h"

namespace lathe::LATHE_CUDA {

namespace {

constexpr int kRows = 8;          // warps of a block
constexpr int64_t kSlice = 1024;  // rows of a that a block adds up, where they lie along k

// op(a) = aᵀ: column sums of a [k, m]. A block adds a slice of the rows of 32 columns, its warps
// taking turns.
template <class T>
__global__ void __launch_bounds__(kRows* kWarp)
    sum_columns_kernel(const T* a, int64_t lda, int64_t m, int64_t k, float* sums) {
  __shared__ float of_warps[kRows][kWarp];
  const int lane = static_cast<int>(threadIdx.x) % kWarp;
  const int warp = static_cast<int>(threadIdx.x) / kWarp;
  const int64_t column = int64_t{blockIdx.x} * kWarp + lane;
  const int64_t first = int64_t{blockIdx.y} * kSlice, last = minimum(first + kSlice, k);
  float sum = 0;
  if (column < m) {
    for (int64_t row = first + warp; row < last; row += kRows)
      sum += to_float(a[row * lda + column]);
  }
  of_warps[warp][lane] = sum;
  __syncthreads();
  if (warp > 0 || column >= m) return;
  for (int w = 1; w < kRows; ++w) sum += of_warps[w][lane];
  sums[blockIdx.y * m + column] = sum;
}

__global__ void __launch_bounds__(kRows* kWarp)
    add_slices_kernel(const float* sums, int64_t slices, int64_t m, float* result) {
  const int64_t i = int64_t{blockIdx.x} * blockDim.x + threadIdx.x;
  if (i >= m) return;
  float sum = 0;
  for (int64_t slice = 0; slice < slices; ++slice) sum += sums[slice * m + i];
  result[i] += sum;
}

// op(a) = a [m, k]: a warp a row.
template <class T>
__global__ void __launch_bounds__(kRows* kWarp)
    sum_rows_kernel(const T* a, int64_t lda, int64_t m, int64_t k, float* result) {
  const int64_t row = int64_t{blockIdx.x} * kRows + threadIdx.x / kWarp;
  if (row >= m) return;
  float sum = 0;
  for (int64_t l = threadIdx.x % kWarp; l < k; l += kWarp) sum += to_float(a[row * lda + l]);
  sum = warp_sum(sum);
  if (threadIdx.x % kWarp == 0) result[row] += sum;
}

}  // namespace

void add_row_sums(const GemmArgs& args, Stream stream) {
  if (args.m == 0 || args.k == 0) return;
  constexpr unsigned kThreads = kRows * kWarp;
  if (!args.transpose_a) {
    with_type(args.a.precision, [&](auto zero) {
      using T = decltype(zero);
      launch("gemm", sum_rows_kernel<T>, static_cast<unsigned>(ceil_div(args.m, kRows)), kThreads,
             0, stream, as<T>(args.a), args.lda, args.m, args.k, args.a_row_sum);
    });
    return;
  }
  const int64_t slices = ceil_div(args.k, kSlice);
  const Workspace sums(slices * args.m * static_cast<int64_t>(sizeof(float)), stream, "gemm");
  const dim3 grid(static_cast<unsigned>(ceil_div(args.m, kWarp)), static_cast<unsigned>(slices));
  with_type(args.a.precision, [&](auto zero) {
    using T = decltype(zero);
    launch("gemm", sum_columns_kernel<T>, grid, kThreads, 0, stream, as<T>(args.a), args.lda,
           args.m, args.k, sums.floats());
  });
  launch("gemm", add_slices_kernel, static_cast<unsigned>(ceil_div(args.m, kThreads)), kThreads, 0,
         stream, static_cast<const float*>(sums.floats()), slices, args.m, args.a_row_sum);
}

}  // namespace lathe::LATHE_CUDA
