#include "base/error.h"
#include "kernels/cuda/bulk_copy.h"
#include "kernels/cuda/library.h"

namespace lathe::LATHE_CUDA {

namespace {

#define LATHE_DRIVER_FUNCTIONS(each) each(cuTensorMapEncodeTiled)

// Of the driver, which is there where a GPU is.
struct Functions {
  LATHE_DRIVER_FUNCTIONS(LATHE_DECLARE)
  bool find([[maybe_unused]] void* library) { return LATHE_DRIVER_FUNCTIONS(LATHE_FIND) true; }
};

const Functions* functions() { return functions_of<Functions>("libcuda.so.1"); }

}  // namespace

bool is_hopper() {
  return attribute(cudaDevAttrComputeCapabilityMajor) == 9 && functions() != nullptr;
}

int multiprocessor_count() { return attribute(cudaDevAttrMultiProcessorCount); }

CUtensorMap tiled_matrix(const void* data, int64_t rows, int64_t columns, int64_t ld) {
  const Functions* f = functions();
  if (f == nullptr) fail("CUDA: the driver cannot describe a matrix (cuTensorMapEncodeTiled)");
  const cuuint64_t sizes[2] = {static_cast<cuuint64_t>(columns), static_cast<cuuint64_t>(rows)};
  const cuuint64_t row_bytes[1] = {static_cast<cuuint64_t>(ld) * 2};
  const cuuint32_t tile[2] = {kTileSide, kTileSide}, every[2] = {1, 1};
  CUtensorMap map;
  const CUresult result = f->cuTensorMapEncodeTiled(
      &map, CU_TENSOR_MAP_DATA_TYPE_BFLOAT16, 2, const_cast<void*>(data), sizes, row_bytes, tile,
      every, CU_TENSOR_MAP_INTERLEAVE_NONE, CU_TENSOR_MAP_SWIZZLE_128B,
      CU_TENSOR_MAP_L2_PROMOTION_L2_256B, CU_TENSOR_MAP_FLOAT_OOB_FILL_NONE);
  if (result != CUDA_SUCCESS) {
    fail("CUDA: the driver refuses a matrix of ", rows, " x ", columns, ", rows ", ld,
         " apart: status ", static_cast<int>(result));
  }
  return map;
}

}  // namespace lathe::LATHE_CUDA
