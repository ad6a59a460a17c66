// In the place of kernels/cuda/ in a build without nvcc.
#include "kernels/kernels.h"

namespace lathe {

const Kernels* cuda_kernels() { return nullptr; }

const char* why_no_cuda() { return "this program was built without nvcc"; }

}  // namespace lathe
