// Whether this machine runs the CUDA backend. Not part of the emulated build.
#include "kernels/cuda/ops.h"

namespace lathe {

namespace {

// Null, or why not.
const char* find_obstacle() {
  int devices = 0;
  const cudaError_t error = cudaGetDeviceCount(&devices);
  if (error != cudaSuccess) return cudaGetErrorString(error);
  return devices > 0 ? nullptr : "no CUDA-capable device is detected";
}

}  // namespace

const char* why_no_cuda() {
  static const char* const obstacle = find_obstacle();
  return obstacle;
}

const Kernels* cuda_kernels() { return why_no_cuda() == nullptr ? &cuda::kernels() : nullptr; }

}  // namespace lathe
