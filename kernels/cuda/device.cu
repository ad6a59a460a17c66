#include "base/error.h"
#include "kernels/cuda/device.h"

namespace lathe::LATHE_CUDA {

void check(cudaError_t error, const char* op) {
  if (error != cudaSuccess) fail("CUDA: ", op, ": ", cudaGetErrorString(error));
}

int attribute(cudaDeviceAttr which) {
  int device = 0, value = 0;
  check(cudaGetDevice(&device), "asking for the GPU");
  check(cudaDeviceGetAttribute(&value, which, device), "asking for the GPU's properties");
  return value;
}

}  // namespace lathe::LATHE_CUDA
