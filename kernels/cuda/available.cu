// Which GPUs this machine has. Not part of the emulated build.
#include <mutex>
#include <vector>

#include "kernels/cuda/gpu.h"
#include "kernels/device.h"

namespace lathe {

namespace {

struct Found {
  int count = 0;
  const char* obstacle = nullptr;  // null, or why there is none
};

Found find() {
  Found found;
  const cudaError_t error = cudaGetDeviceCount(&found.count);
  if (error != cudaSuccess) return {0, cudaGetErrorString(error)};
  if (found.count == 0) found.obstacle = "no CUDA-capable device is detected";
  return found;
}

const Found& found() {
  static const Found result = find();
  return result;
}

}  // namespace

const char* why_no_cuda() { return found().obstacle; }

int cuda_device_count() { return found().count; }

Device* cuda_device(int index) {
  if (index < 0 || index >= found().count) return nullptr;
  static std::mutex mutex;
  // Never destroyed: at exit the driver may be gone before.
  static auto& devices =
      *new std::vector<std::unique_ptr<Device>>(static_cast<std::size_t>(found().count));
  const std::lock_guard lock(mutex);
  std::unique_ptr<Device>& device = devices[static_cast<std::size_t>(index)];
  if (device == nullptr) device = cuda::make_gpu(index);
  cuda::check(cudaSetDevice(index), "choosing the GPU");
  return device.get();
}

}  // namespace lathe
