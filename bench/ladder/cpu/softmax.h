// A row's softmax, a register at a time.
#pragma once

#include "kernels/cpu/vector_math.h"

namespace lathe::cpu::LATHE_ISA {

// In place. The row is whole vectors; what lies in them beyond the keys becomes 0.
static inline void softmax(float* row, int64_t keys) {
  const int64_t last = (keys - 1) / kWidth * kWidth;
  const IntVec inside = lane_numbers() < static_cast<int32_t>(keys - last);
  store(row + last, inside ? load(row + last) : broadcast(-__builtin_inff()));
  Vec largest = load(row);
  for (int64_t j = kWidth; j < keys; j += kWidth) largest = vector_max(load(row + j), largest);
  const float row_largest = max_lane(largest);
  Vec sum{};
  for (int64_t j = 0; j < keys; j += kWidth) {
    const Vec e = exponential(load(row + j) - row_largest);
    sum += e;
    store(row + j, e);
  }
  const float row_sum = sum_lanes(sum);
  for (int64_t j = 0; j < keys; j += kWidth) store(row + j, load(row + j) * (1 / row_sum));
}

}  // namespace lathe::cpu::LATHE_ISA
