// What lanes of a warp give each other so that each has neighbouring numbers.
#pragma once

#include "kernels/cuda/device.h"

namespace lathe::LATHE_CUDA {

// Four lanes in a row, the first of them a multiple of four, with four numbers each: a matrix of
// 4 x 4 that is transposed. Number i of lane l is then what was number l of lane i. By all lanes.
template <class T>
__device__ inline void transpose_in_four(T (&x)[4]) {
  const auto lane = static_cast<int>(threadIdx.x);
  LATHE_UNROLL
  for (int bit = 1; bit < 4; bit *= 2) {
    const bool upper = (lane & bit) != 0;
    LATHE_UNROLL
    for (int low = 0; low < 4; ++low) {
      if ((low & bit) != 0) continue;
      T &mine = x[low], &others = x[low | bit];
      const T got = __shfl_xor_sync(kAllLanes, upper ? mine : others, bit);
      (upper ? mine : others) = got;
    }
  }
}

}  // namespace lathe::LATHE_CUDA
