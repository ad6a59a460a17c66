#pragma once

#include <memory>

#include "kernels/cuda/device.h"
#include "kernels/device.h"

namespace lathe::LATHE_CUDA {

// GPU number `index`, which becomes the calling thread's. Error when it cannot be used.
std::unique_ptr<Device> make_gpu(int index);

}  // namespace lathe::LATHE_CUDA
