// Tensor cores as mma.m16n8k16 has them.
#include <cuda_runtime.h>

#include "tests/simt/block.h"

namespace simt {

namespace {

// What a lane brings: its elements of a, b and the sums, which are added to.
struct Fragments {
  const uint32_t *a, *b;
  float* sums;
};

// The 32 lanes' fragments as matrices, multiplied; element by element as the PTX manual has them.
void multiply_fragments(const uint64_t (&brought)[kWarp]) {
  float a[16][16], b[16][8];
  const auto low = [](uint32_t pair) { return from_bf16(static_cast<uint16_t>(pair)); };
  const auto high = [](uint32_t pair) { return from_bf16(static_cast<uint16_t>(pair >> 16)); };
  // NOLINTNEXTLINE(performance-no-int-to-ptr): a lane brings a number
  const auto of = [&](unsigned lane) { return reinterpret_cast<const Fragments*>(brought[lane]); };
  for (unsigned lane = 0; lane < kWarp; ++lane) {
    const unsigned group = lane / 4, first = lane % 4 * 2;
    for (unsigned n = 0; n < 4; ++n) {
      const unsigned row = group + n % 2 * 8, column = first + n / 2 * 8;
      a[row][column] = low(of(lane)->a[n]), a[row][column + 1] = high(of(lane)->a[n]);
    }
    for (unsigned n = 0; n < 2; ++n) {
      b[first + n * 8][group] = low(of(lane)->b[n]),
                    b[first + n * 8 + 1][group] = high(of(lane)->b[n]);
    }
  }
  for (unsigned lane = 0; lane < kWarp; ++lane) {
    for (unsigned n = 0; n < 4; ++n) {
      const unsigned row = lane / 4 + n / 2 * 8, column = lane % 4 * 2 + n % 2;
      float sum = of(lane)->sums[n];
      for (unsigned k = 0; k < 16; ++k) sum += a[row][k] * b[k][column];
      of(lane)->sums[n] = sum;
    }
  }
}

}  // namespace

void multiply_add(const uint32_t (&a)[4], const uint32_t (&b)[2], float (&sums)[4]) {
  const Fragments mine{a, b, sums};
  meet_in_warp(&mine, multiply_fragments);
}

}  // namespace simt
