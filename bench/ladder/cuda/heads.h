// Attention of floats seen by a block that has one head (blockIdx.x) of one sequence (blockIdx.y);
// gridDim.z blocks share its queries.
#pragma once

#include "kernels/cuda/numbers.h"
#include "kernels/cuda/reduce.h"

namespace lathe::LATHE_CUDA {

constexpr unsigned kLadderShares = 8;
constexpr int kLadderColumns = 4;  // of a lane: heads of up to 128 columns

struct LadderHead {
  int queries, keys, size;
  const float *q, *k, *v;  // row 0, the head's first column
  float* context;
};

__device__ inline LadderHead ladder_head(const AttentionForwardArgs& args) {
  const int64_t query = args.query_offsets[blockIdx.y], key = args.offsets[blockIdx.y];
  const int64_t column = blockIdx.x * args.head_size;
  return {static_cast<int>(args.query_offsets[blockIdx.y + 1] - query),
          static_cast<int>(args.offsets[blockIdx.y + 1] - key),
          static_cast<int>(args.head_size),
          as<float>(args.q) + query * args.ldq + column,
          as<float>(args.k) + key * args.ldk + column,
          as<float>(args.v) + key * args.ldv + column,
          as<float>(args.context) + query * args.ldcontext + column};
}

inline dim3 ladder_grid(const AttentionForwardArgs& args) {
  return dim3(static_cast<unsigned>(args.heads), static_cast<unsigned>(args.sequences),
              kLadderShares);
}

__device__ inline float dot_product(const float* x, const float* y, int count) {
  float sum = 0;
  for (int d = 0; d < count; ++d) sum += x[d] * y[d];
  return sum;
}

}  // namespace lathe::LATHE_CUDA
