// Sums and maxima over a warp and over a block, in an order that is always the same.
#pragma once

#include "kernels/cuda/device.h"

namespace lathe::LATHE_CUDA {

// Over the 32 lanes; every lane gets the result. Width 16: over each half of the warp.
template <int kWidth = kWarp, class T>
__device__ inline T warp_sum(T x) {
  LATHE_UNROLL
  for (int lanes = kWidth / 2; lanes > 0; lanes /= 2) x += __shfl_xor_sync(kAllLanes, x, lanes);
  return x;
}

template <int kWidth = kWarp>
__device__ inline float warp_max(float x) {
  LATHE_UNROLL
  for (int lanes = kWidth / 2; lanes > 0; lanes /= 2) {
    x = fmaxf(x, __shfl_xor_sync(kAllLanes, x, lanes));
  }
  return x;
}

// Over a block of up to 1024 threads in one dimension, whole warps; every thread gets the result.
// All threads of the block take part. May be called again without a barrier between.
template <class T>
__device__ inline T block_sum(T x) {
  __shared__ T sums[kWarp];
  const unsigned warp = threadIdx.x / kWarp, warps = blockDim.x / kWarp;
  x = warp_sum(x);
  if (threadIdx.x % kWarp == 0) sums[warp] = x;
  __syncthreads();
  T total = 0;
  for (unsigned w = 0; w < warps; ++w) total += sums[w];
  __syncthreads();
  return total;
}

__device__ inline float block_max(float x) {
  __shared__ float maxima[kWarp];
  const unsigned warp = threadIdx.x / kWarp, warps = blockDim.x / kWarp;
  x = warp_max(x);
  if (threadIdx.x % kWarp == 0) maxima[warp] = x;
  __syncthreads();
  for (unsigned w = 0; w < warps; ++w) x = fmaxf(x, maxima[w]);
  __syncthreads();
  return x;
}

}  // namespace lathe::LATHE_CUDA
