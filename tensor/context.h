// What a layer computes with: the backend's kernels, the stream they are ordered by, the arena that
// activations come from, and the key of this step's dropout. One per thread of control; layers take
// it as their first argument.
#pragma once

#include <cstdint>

#include "kernels/device.h"
#include "tensor/arena.h"

namespace lathe {

struct Context {
  const Kernels& kernels;
  Arena& arena;
  Stream stream = nullptr;
  uint64_t seed = 0;  // of dropout
  uint32_t step = 0;  // micro-batches so far: every one draws new masks
  // In which layers keep activations and multiply. kBF16 asks for parameters that have been rounded
  // (ParameterStore::round_values).
  Precision precision = Precision::kF32;
  Device& device = host_device();  // where the kernels run, the arena lies and the stream belongs
  const uint32_t* step_at = nullptr;  // not null: where the step is found instead (Dropout)

  DType activations() const { return precision == Precision::kF32 ? DType::kF32 : DType::kBF16; }
  // Memory for activations, from the arena.
  Tensor allocate(const Shape& shape) const { return arena.allocate(activations(), shape); }

  // The masks of the dropout numbered `site`. Probability 0 when `training` is false.
  Dropout dropout(float probability, uint32_t site, bool training) const {
    return {training ? probability : 0.0f, seed, site, step, step_at};
  }
};

}  // namespace lathe
