#include "base/error.h"
#include "kernels/cuda/device.h"

namespace lathe::LATHE_CUDA {

void check(cudaError_t error, const char* op) {
  if (error != cudaSuccess) fail("CUDA: ", op, ": ", cudaGetErrorString(error));
}

Workspace::Workspace(int64_t bytes, Stream stream, const char* op) : stream_(stream) {
  check(cudaMallocAsync(&data_, static_cast<std::size_t>(bytes), static_cast<cudaStream_t>(stream)),
        op);
}

// What a failed release would say, the next launch says too.
Workspace::~Workspace() { cudaFreeAsync(data_, static_cast<cudaStream_t>(stream_)); }

}  // namespace lathe::LATHE_CUDA
