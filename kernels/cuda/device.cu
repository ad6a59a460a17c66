#include "base/error.h"
#include "kernels/cuda/device.h"

namespace lathe::LATHE_CUDA {

void check(cudaError_t error, const char* op) {
  if (error != cudaSuccess) fail("CUDA: ", op, ": ", cudaGetErrorString(error));
}

}  // namespace lathe::LATHE_CUDA
