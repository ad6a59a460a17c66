// In the place of kernels/cuda/ in a build without nvcc.
#include "kernels/device.h"

namespace lathe {

Device* cuda_device(int) { return nullptr; }

int cuda_device_count() { return 0; }

const char* why_no_cuda() { return "this program was built without nvcc"; }

}  // namespace lathe
