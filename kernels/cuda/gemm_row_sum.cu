// The bias's gradient where the product's kernel does not compute it on the way.
#include "kernels/cuda/gemm.h"
#include "kernels/cuda/reduce.h"

namespace lathe::LATHE_CUDA {

namespace {

constexpr int kThreads = 256, kWarps = kThreads / kWarp;
// A lane has eight neighbouring columns; eight lanes together 64, a cache line of bfloat16s.
constexpr int kAcross = 8, kColumns = kAcross * 8;
constexpr int kDown = kThreads / kAcross;  // rows that a block reads at a time
constexpr int64_t kSlice = 256;            // rows that it adds up

// Of the thread's column, what all warps have added up.
template <int kCount>
__device__ inline float sum_of_warps(const float (&of_warps)[kWarps][kCount]) {
  float sum = 0;
  for (int w = 0; w < kWarps; ++w) sum += of_warps[w][threadIdx.x];
  return sum;
}

// op(a) = aᵀ: column sums of a [k, m], a slice of its rows a block. `eights`: whole groups of eight
// columns, aligned to 16 bytes.
template <class T>
__global__ void __launch_bounds__(kThreads)
    sum_columns_kernel(const T* a, int64_t lda, int64_t m, int64_t k, float* sums, bool eights) {
  __shared__ float of_warps[kWarps][kColumns];
  const int lane = static_cast<int>(threadIdx.x) % kWarp;
  const int warp = static_cast<int>(threadIdx.x) / kWarp;
  const int64_t first_column = int64_t{blockIdx.x} * kColumns;
  const int64_t column = first_column + lane % kAcross * 8;
  const int64_t first = int64_t{blockIdx.y} * kSlice, last = minimum(first + kSlice, k);
  float sum[8] = {};
  LATHE_UNROLL_BY(8)
  for (int64_t row = first + threadIdx.x / kAcross; row < last; row += kDown) {
    const T* from = a + row * lda + column;
    float x[8] = {};
    if (eights) {
      if (column < m) load_eight(from, x);
    } else {
      LATHE_UNROLL
      for (int u = 0; u < 8; ++u) x[u] = column + u < m ? to_float(from[u]) : 0.0f;
    }
    LATHE_UNROLL
    for (int u = 0; u < 8; ++u) sum[u] += x[u];
  }
  LATHE_UNROLL
  for (int u = 0; u < 8; ++u) {
    LATHE_UNROLL
    for (int lanes = kAcross; lanes < kWarp; lanes *= 2) {
      sum[u] += __shfl_xor_sync(kAllLanes, sum[u], lanes);
    }
    if (lane < kAcross) of_warps[warp][lane * 8 + u] = sum[u];
  }
  __syncthreads();
  const int64_t mine = first_column + threadIdx.x;
  if (threadIdx.x < kColumns && mine < m) sums[blockIdx.y * m + mine] = sum_of_warps(of_warps);
}

// A warp adds up every eighth slice of 32 columns.
__global__ void __launch_bounds__(kThreads)
    add_slices_kernel(const float* sums, int64_t slices, int64_t m, float* result) {
  __shared__ float of_warps[kWarps][kWarp];
  const int lane = static_cast<int>(threadIdx.x) % kWarp;
  const int warp = static_cast<int>(threadIdx.x) / kWarp;
  const int64_t first_column = int64_t{blockIdx.x} * kWarp, column = first_column + lane;
  float sum = 0;
  if (column < m) {
    LATHE_UNROLL_BY(8)
    for (int64_t slice = warp; slice < slices; slice += kWarps) sum += sums[slice * m + column];
  }
  of_warps[warp][lane] = sum;
  __syncthreads();
  if (warp == 0 && column < m) result[column] += sum_of_warps(of_warps);
}

// op(a) = a [m, k]: a warp a row.
template <class T>
__global__ void __launch_bounds__(kThreads)
    sum_rows_kernel(const T* a, int64_t lda, int64_t m, int64_t k, float* result) {
  const int64_t row = int64_t{blockIdx.x} * kWarps + threadIdx.x / kWarp;
  if (row >= m) return;
  float sum = 0;
  for (int64_t l = threadIdx.x % kWarp; l < k; l += kWarp) sum += to_float(a[row * lda + l]);
  sum = warp_sum(sum);
  if (threadIdx.x % kWarp == 0) result[row] += sum;
}

}  // namespace

void add_row_sums(const GemmArgs& args, Stream stream) {
  if (args.m == 0 || args.k == 0) return;
  if (!args.transpose_a) {
    with_type(args.a.precision, [&](auto zero) {
      using T = decltype(zero);
      launch("gemm", sum_rows_kernel<T>, static_cast<unsigned>(ceil_div(args.m, kWarps)), kThreads,
             0, stream, as<T>(args.a), args.lda, args.m, args.k, args.a_row_sum);
    });
    return;
  }
  const int64_t slices = ceil_div(args.k, kSlice);
  const Workspace sums(slices * args.m * static_cast<int64_t>(sizeof(float)), stream, "gemm");
  const dim3 grid(static_cast<unsigned>(ceil_div(args.m, kColumns)), static_cast<unsigned>(slices));
  const bool eights = aligned_to_16(args.a.data) && args.lda % 8 == 0 && args.m % 8 == 0;
  with_type(args.a.precision, [&](auto zero) {
    using T = decltype(zero);
    launch("gemm", sum_columns_kernel<T>, grid, kThreads, 0, stream, as<T>(args.a), args.lda,
           args.m, args.k, sums.floats(), eights);
  });
  launch("gemm", add_slices_kernel, static_cast<unsigned>(ceil_div(args.m, kWarp)), kThreads, 0,
         stream, static_cast<const float*>(sums.floats()), slices, args.m, args.a_row_sum);
}

}  // namespace lathe::LATHE_CUDA
