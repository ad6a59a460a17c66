// Dropout's mask, four elements at a time: the four words of one Philox counter belong to columns
// 16 apart (kernels.h), so a thread that holds columns c, c + 16, c + 32 and c + 48 draws once for
// all of them and needs nothing from its neighbours.
#pragma once

#include "kernels/cuda/device.h"
#include "kernels/dropout.h"

namespace lathe::LATHE_CUDA {

constexpr int kQuad = 4;            // columns of one counter
constexpr int kQuadStride = 16;     // from one of them to the next
constexpr int kQuadsColumns = 128;  // that a warp's 32 quads cover

// A Dropout with what does not depend on the element worked out, as the host gives it to a kernel.
// Before it draws, a kernel makes it current().
struct Draw {
  uint64_t seed;
  uint32_t site, step, threshold;
  float scale;
  bool active;
  const uint32_t* step_at;
};

inline Draw make_draw(const Dropout& dropout) {
  return {dropout.seed,           dropout.site,
          dropout.step,           dropout_threshold(dropout),
          dropout_scale(dropout), dropout.probability > 0.0f,
          dropout.step_at};
}

// With the step that memory holds now, where it is to be found there.
__device__ inline Draw current(const Draw& given) {
  Draw draw = given;
  if (given.active && given.step_at != nullptr) draw.step = *given.step_at;
  return draw;
}

// What columns c, c + 16, c + 32, c + 48 of the row are multiplied by, where counter = c / 64 * 16
// + c % 16.
__device__ inline void draw_quad(const Draw& draw, uint32_t counter, uint32_t row,
                                 float (&factors)[kQuad]) {
  const PhiloxWords words = philox(draw.seed, counter, row, draw.site, draw.step);
  LATHE_UNROLL
  for (int w = 0; w < kQuad; ++w) {
    factors[w] = words.word[w] >= draw.threshold ? draw.scale : 0.0f;
  }
}

}  // namespace lathe::LATHE_CUDA
