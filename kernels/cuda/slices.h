// All parameters as one list of chunks, a block each, so that one launch serves them all however
// different their sizes.
#pragma once

#include "kernels/cuda/device.h"

namespace lathe::LATHE_CUDA {

constexpr int kSliceThreads = 256;
static_assert(kSliceChunk == 16 * kSliceThreads, "four float4 a thread");

// The slice of a chunk: the last that does not begin after it.
__device__ inline const ParameterSlice& slice_of_chunk(const ParameterSlice* slices, int64_t count,
                                                       int64_t chunk) {
  int64_t low = 0, high = count - 1;
  while (low < high) {
    const int64_t middle = (low + high + 1) / 2;
    if (slices[middle].first_chunk <= chunk) {
      low = middle;
    } else {
      high = middle - 1;
    }
  }
  return slices[low];
}

// Whether every four elements are aligned as a vector, and share a row where rows matter.
__device__ inline bool takes_vectors(const ParameterSlice& slice) {
  const auto all = reinterpret_cast<uintptr_t>(slice.value) |
                   reinterpret_cast<uintptr_t>(slice.gradient) |
                   reinterpret_cast<uintptr_t>(slice.m) | reinterpret_cast<uintptr_t>(slice.v);
  return all % 16 == 0 && reinterpret_cast<uintptr_t>(slice.rounded) % 8 == 0 &&
         slice.count % 4 == 0 && (slice.active_rows == nullptr || slice.row_size % 4 == 0);
}

// The elements of a chunk that a thread works on: `width` (4 or 1) at a time, skipping rows that
// are not active.
template <int width, class Each>
__device__ inline void for_each_element(const ParameterSlice& slice, int64_t first,
                                        const Each& each) {
  const uint8_t* active = slice.active_rows;
  const int64_t first_row = active == nullptr ? 0 : first / slice.row_size;
  const auto row_size = static_cast<uint32_t>(slice.row_size);
  const auto in_row = active == nullptr ? 0u : static_cast<uint32_t>(first % slice.row_size);
  LATHE_UNROLL
  for (int part = 0; part < 16 / width; ++part) {
    const uint32_t offset = (static_cast<uint32_t>(part) * kSliceThreads + threadIdx.x) * width;
    if (first + offset >= slice.count) return;
    if (active != nullptr && active[first_row + (in_row + offset) / row_size] == 0) continue;
    each(first + offset);
  }
}

}  // namespace lathe::LATHE_CUDA
