// The part of the driver's header that kernels/cuda/bulk_copy.cu uses, for machines without one:
// how a matrix in global memory is described for the copies of tiles by Hopper's TMA.
#pragma once

#include <cstdint>

using cuuint32_t = uint32_t;
using cuuint64_t = uint64_t;

enum CUresult { CUDA_SUCCESS = 0, CUDA_ERROR_INVALID_VALUE = 1 };
enum CUtensorMapDataType { CU_TENSOR_MAP_DATA_TYPE_BFLOAT16 = 9 };
enum CUtensorMapInterleave { CU_TENSOR_MAP_INTERLEAVE_NONE = 0 };
enum CUtensorMapSwizzle { CU_TENSOR_MAP_SWIZZLE_128B = 3 };
enum CUtensorMapL2promotion { CU_TENSOR_MAP_L2_PROMOTION_L2_256B = 3 };
enum CUtensorMapFloatOOBfill { CU_TENSOR_MAP_FLOAT_OOB_FILL_NONE = 0 };

// What the driver hides: here it is what the emulator needs.
struct CUtensorMap {
  const void* data;
  cuuint64_t columns, rows, row_bytes;
  cuuint32_t tile_columns, tile_rows;
};

// Of two dimensions, columns first. Refuses what the driver refuses.
CUresult cuTensorMapEncodeTiled(CUtensorMap* map, CUtensorMapDataType type, cuuint32_t dimensions,
                                void* data, const cuuint64_t* sizes, const cuuint64_t* row_bytes,
                                const cuuint32_t* tile, const cuuint32_t* strides,
                                CUtensorMapInterleave interleave, CUtensorMapSwizzle swizzle,
                                CUtensorMapL2promotion promotion, CUtensorMapFloatOOBfill fill);

#include "tests/simt/hopper.h"
