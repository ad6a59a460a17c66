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

// Over a block of up to 1024 threads in one dimension, whole warps: `of_warp` combines the lanes of
// a warp, `combine` two warps' results, in the order of the warps; every thread gets the result.
// All threads of the block take part. May be called again without a barrier between.
template <class T, class OfWarp, class Combine>
__device__ inline T block_reduce(T x, const OfWarp& of_warp, const Combine& combine) {
  __shared__ T of_warps[kWarp];
  const unsigned warps = blockDim.x / kWarp;
  x = of_warp(x);
  if (threadIdx.x % kWarp == 0) of_warps[threadIdx.x / kWarp] = x;
  __syncthreads();
  T total = of_warps[0];
  for (unsigned w = 1; w < warps; ++w) total = combine(total, of_warps[w]);
  __syncthreads();
  return total;
}

template <class T>
__device__ inline T block_sum(T x) {
  return block_reduce(
      x, [](T lane) { return warp_sum(lane); }, [](T a, T b) { return a + b; });
}

__device__ inline float block_max(float x) {
  return block_reduce(
      x, [](float lane) { return warp_max(lane); }, [](float a, float b) { return fmaxf(a, b); });
}

}  // namespace lathe::LATHE_CUDA
