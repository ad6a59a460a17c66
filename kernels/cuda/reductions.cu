#include "kernels/cuda/ops.h"
#include "kernels/cuda/reduce.h"
#include "kernels/cuda/slices.h"

namespace lathe::LATHE_CUDA {

namespace {

constexpr int kFinishThreads = 1024;

__device__ inline double square(float x) { return static_cast<double>(x) * x; }

// A block sums a chunk, the same one on every device.
__global__ void __launch_bounds__(kSliceThreads)
    sum_chunks_kernel(const ParameterSlice* slices, int64_t count, double* sums) {
  const ParameterSlice slice = slice_of_chunk(slices, count, blockIdx.x);
  const int64_t first = (blockIdx.x - slice.first_chunk) * kSliceChunk;
  double sum = 0;
  if (takes_vectors(slice)) {
    for_each_element<4>(slice, first, [&](int64_t i) {
      const float4 g = *reinterpret_cast<const float4*>(slice.gradient + i);
      sum += (square(g.x) + square(g.y)) + (square(g.z) + square(g.w));
    });
  } else {
    for_each_element<1>(slice, first, [&](int64_t i) { sum += square(slice.gradient[i]); });
  }
  sum = block_sum(sum);
  if (threadIdx.x == 0) sums[blockIdx.x] = sum;
}

__global__ void __launch_bounds__(kFinishThreads)
    finish_kernel(const double* sums, int64_t count, double* total) {
  double sum = 0;
  for (int64_t i = threadIdx.x; i < count; i += kFinishThreads) sum += sums[i];
  sum = block_sum(sum);
  if (threadIdx.x == 0) *total = sum;
}

// For a batch's losses.
__global__ void __launch_bounds__(kSliceThreads) sum_kernel(SumArgs args) {
  double sum = 0;
  for (int64_t i = threadIdx.x; i < args.count; i += kSliceThreads) sum += args.x[i];
  sum = block_sum(sum);
  if (threadIdx.x == 0) *args.sum = args.accumulate ? *args.sum + sum : sum;
}

}  // namespace

void sum(const SumArgs& args, Stream stream) {
  launch("sum", sum_kernel, 1, kSliceThreads, 0, stream, args);
}

void squared_norm(const SquaredNormArgs& args, Stream stream) {
  const Workspace sums(args.chunks * static_cast<int64_t>(sizeof(double)), stream, "squared_norm");
  auto* chunk_sums = static_cast<double*>(sums.data());
  if (args.chunks > 0) {
    launch("squared_norm", sum_chunks_kernel, static_cast<unsigned>(args.chunks), kSliceThreads, 0,
           stream, args.slices, args.slice_count, chunk_sums);
  }
  launch("squared_norm", finish_kernel, 1, kFinishThreads, 0, stream, chunk_sums, args.chunks,
         args.sum);
}

}  // namespace lathe::LATHE_CUDA
