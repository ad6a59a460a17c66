// A few neighbouring floats that are loaded and stored as one: 8 or 16 bytes, aligned to as many.
#pragma once

#include "kernels/cuda/device.h"

namespace lathe::LATHE_CUDA {

template <int kCount>
struct __align__(kCount * 4) Vector {
  float x[kCount];
};

template <int kCount>
__device__ inline Vector<kCount> load_vector(const float* from) {
  return *reinterpret_cast<const Vector<kCount>*>(from);
}

}  // namespace lathe::LATHE_CUDA
