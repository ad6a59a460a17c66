#include <vector>

#include "kernels/cuda/slices.h"

namespace lathe::LATHE_CUDA {

namespace {

bool takes_vectors(const ParameterSlice& slice) {
  return aligned_to_16(slice.value) && aligned_to_16(slice.gradient) && aligned_to_16(slice.m) &&
         aligned_to_16(slice.v) && slice.count % 4 == 0 &&
         (slice.active_rows == nullptr || slice.row_size % 4 == 0);
}

}  // namespace

DeviceSlices::DeviceSlices(const ParameterSlice* slices, int64_t count, bool decays, Stream stream,
                           const char* op)
    : count_(static_cast<int>(count)),
      memory_(count * static_cast<int64_t>(sizeof(DeviceSlice)), stream, op) {
  std::vector<DeviceSlice> list;
  for (int64_t s = 0; s < count; ++s) {
    DeviceSlice entry{slices[s], chunks_, takes_vectors(slices[s])};
    // Decay changes rows that have no gradient and no moments too.
    if (decays && entry.slice.weight_decay != 0.0f) entry.slice.active_rows = nullptr;
    list.push_back(entry);
    chunks_ += ceil_div(entry.slice.count, kChunk);
  }
  // From memory of the host that is not pinned: it may be gone when the call returns.
  check(cudaMemcpyAsync(memory_.data(), list.data(), list.size() * sizeof(DeviceSlice),
                        cudaMemcpyHostToDevice, static_cast<cudaStream_t>(stream)),
        op);
}

}  // namespace lathe::LATHE_CUDA
