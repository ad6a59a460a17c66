// What every kernel of this folder stands on. The files here are compiled by nvcc for the GPU, and
// by g++ under the emulator of tests/simt/ for the tests; this header is the one place that knows
// which.
//
// Every pointer in the arguments of an op is to memory of the device. Work is ordered by the
// stream; nothing waits for it.
#pragma once

#include <cuda_runtime.h>

#include <cstdint>

#include "kernels/kernels.h"

#ifdef __CUDACC__
#define LATHE_CUDA cuda
#define LATHE_NOINLINE __noinline__
#define LATHE_UNROLL _Pragma("unroll")
#define LATHE_PRAGMA(text) _Pragma(#text)
#define LATHE_UNROLL_BY(times) LATHE_PRAGMA(unroll times)
#else
#define LATHE_CUDA cuda_emulated
#define LATHE_NOINLINE
#define LATHE_UNROLL
#define LATHE_UNROLL_BY(times)
#endif

namespace lathe::LATHE_CUDA {

constexpr int kWarp = 32;
constexpr unsigned kAllLanes = 0xffffffffu;

// Error unless the call succeeded: what went wrong in `op`, in one line.
void check(cudaError_t error, const char* op);

// Of the calling thread's GPU.
int attribute(cudaDeviceAttr which);

// In clusters of `cluster` neighbouring blocks of the grid (Hopper): they run at the same time and
// reach each other's shared memory (bulk_copy.h).
template <class... Parameters, class... Arguments>
void launch_clusters(const char* op, void (*kernel)(Parameters...), unsigned cluster, dim3 grid,
                     dim3 block, std::size_t shared_bytes, Stream stream,
                     const Arguments&... arguments) {
  cudaLaunchAttribute clusters{};
  clusters.id = cudaLaunchAttributeClusterDimension;
  clusters.val.clusterDim = {cluster, 1, 1};
  cudaLaunchConfig_t config{};
  config.gridDim = grid;
  config.blockDim = block;
  config.dynamicSmemBytes = shared_bytes;
  config.stream = static_cast<cudaStream_t>(stream);
  config.attrs = &clusters;
  config.numAttrs = cluster > 1 ? 1 : 0;
  check(cudaLaunchKernelEx(&config, kernel, static_cast<Parameters>(arguments)...), op);
}

template <class... Parameters, class... Arguments>
void launch(const char* op, void (*kernel)(Parameters...), dim3 grid, dim3 block,
            std::size_t shared_bytes, Stream stream, const Arguments&... arguments) {
  launch_clusters(op, kernel, 1, grid, block, shared_bytes, stream, arguments...);
}

// Raises the limit of the kernel's shared memory, once; beyond 48 KB a kernel must ask.
template <class Kernel>
void allow_shared_memory(Kernel kernel, int bytes, const char* op) {
  check(cudaFuncSetAttribute(kernel, cudaFuncAttributeMaxDynamicSharedMemorySize, bytes), op);
}

// Working memory of launches in a stream, with any content. The host never waits for it; two
// streams never share it. A stream has one thread that asks it for work, and what that takes it
// gives back in the reverse of the order. A stream may be captured once it has had as much.
class Workspace {
 public:
  class Stack;

  Workspace(int64_t bytes, Stream stream, const char* op);
  ~Workspace();
  Workspace(const Workspace&) = delete;
  Workspace& operator=(const Workspace&) = delete;

  void* data() const { return data_; }
  float* floats() const { return static_cast<float*>(data_); }

  // Gives the stream's memory back to the system. Waits for the device.
  static void release_all(Stream stream);

 private:
  Stack* stack_ = nullptr;
  void* data_ = nullptr;
  int64_t bytes_;
  Stream stream_;
};

// The shared memory whose size the launch gives, aligned to 16 bytes.
template <class T>
__device__ T* dynamic_shared() {
#ifdef __CUDACC__
  extern __shared__ __align__(16) unsigned char lathe_dynamic_shared[];
  return reinterpret_cast<T*>(lathe_dynamic_shared);
#else
  return static_cast<T*>(simt::dynamic_shared());
#endif
}

template <class T>
__host__ __device__ constexpr T minimum(T a, T b) {
  return a < b ? a : b;
}

__host__ __device__ constexpr int64_t ceil_div(int64_t a, int64_t b) { return (a + b - 1) / b; }

inline bool aligned_to_16(const void* pointer) {
  return reinterpret_cast<uintptr_t>(pointer) % 16 == 0;
}

}  // namespace lathe::LATHE_CUDA
