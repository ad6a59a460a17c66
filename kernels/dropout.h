// Which elements a Dropout keeps (see kernels.h for the rule), one at a time. `static` as philox.h.
#pragma once

#include "kernels/kernels.h"
#include "kernels/philox.h"

namespace lathe {

// A word below the threshold drops its element. Exact: a float below 1 times 2^32 fits 32 bits.
static inline uint32_t dropout_threshold(const Dropout& dropout) {
  // NOLINTNEXTLINE(bugprone-incorrect-roundings): never negative
  return static_cast<uint32_t>(static_cast<double>(dropout.probability) * 0x1p32 + 0.5);
}

static inline float dropout_scale(const Dropout& dropout) {
  return 1.0f / (1.0f - dropout.probability);
}

// Which micro-batch it draws for. Of a Dropout whose memory this processor reads.
static inline uint32_t dropout_step(const Dropout& dropout) {
  return dropout.step_at != nullptr ? *dropout.step_at : dropout.step;
}

// What the element is multiplied by: 0 or dropout_scale.
static inline float dropout_factor(const Dropout& dropout, int64_t row, int64_t column) {
  if (dropout.probability == 0.0f) return 1.0f;
  const PhiloxWords words =
      philox(dropout.seed, static_cast<uint32_t>(column / 64 * 16 + column % 16),
             static_cast<uint32_t>(row), dropout.site, dropout_step(dropout));
  const uint32_t word = words.word[column % 64 / 16];
  return word >= dropout_threshold(dropout) ? dropout_scale(dropout) : 0.0f;
}

}  // namespace lathe
