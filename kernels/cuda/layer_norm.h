// Layer normalisation of a row by a warp, which embedding and add_norm share, and its gradient.
#pragma once

#include <type_traits>

#include "kernels/cuda/device.h"
#include "kernels/cuda/dropout.h"
#include "kernels/cuda/reduce.h"

namespace lathe::LATHE_CUDA {

constexpr int kRowThreads = 256;
constexpr int kRowWarps = kRowThreads / kWarp;  // rows that a block works on at a time

// Calls each(quad, w, column) for the lane's columns of a row. With kQuads > 0 the row has at most
// kQuads * 128 columns and the loop is unrolled, so that (quad, w) may index registers.
template <int kQuads, class Each>
__device__ inline void for_each_column(int hidden, const Each& each) {
  const int quads = kQuads > 0 ? kQuads : (hidden + kQuadsColumns - 1) / kQuadsColumns;
  LATHE_UNROLL
  for (int quad = 0; quad < quads; ++quad) {
    LATHE_UNROLL
    for (int w = 0; w < kQuad; ++w) {
      const int column = quad_column(quad) + w * kQuadStride;
      if (column < hidden) each(quad, w, column);
    }
  }
}

// A lane's columns of a row: in registers, or, with kQuads = 0, left in memory at `memory`, which
// only this lane reads and writes.
template <int kQuads>
class Row {
 public:
  __device__ explicit Row(float*) {}
  __device__ void set(int quad, int w, int, float x) { values_[quad][w] = x; }
  __device__ float get(int quad, int w, int) const { return values_[quad][w]; }

 private:
  float values_[kQuads][kQuad] = {};
};

template <>
class Row<0> {
 public:
  __device__ explicit Row(float* memory) : memory_(memory) {}
  __device__ void set(int, int, int column, float x) { memory_[column] = x; }
  __device__ float get(int, int, int column) const { return memory_[column]; }

 private:
  float* memory_;
};

struct RowStatistics {
  float mean, rstd;
};

// Two passes, so that a mean far from zero costs no digits.
template <int kQuads>
__device__ inline RowStatistics row_statistics(const Row<kQuads>& row, int hidden, float eps) {
  float total = 0;
  for_each_column<kQuads>(hidden, [&](int q, int w, int j) { total += row.get(q, w, j); });
  const float mean = warp_sum(total) / static_cast<float>(hidden);
  float squares = 0;
  for_each_column<kQuads>(hidden, [&](int q, int w, int j) {
    const float difference = row.get(q, w, j) - mean;
    squares += difference * difference;
  });
  return {mean, 1.0f / sqrtf(warp_sum(squares) / static_cast<float>(hidden) + eps)};
}

// The quads that a launch needs for rows of this many columns: 3, 6, 8, or 0 for any number.
template <class Use>
void with_quads(int64_t hidden, const Use& use) {
  if (hidden <= 3 * kQuadsColumns) return use(std::integral_constant<int, 3>());
  if (hidden <= 6 * kQuadsColumns) return use(std::integral_constant<int, 6>());
  if (hidden <= 8 * kQuadsColumns) return use(std::integral_constant<int, 8>());
  use(std::integral_constant<int, 0>());
}

// The gradient of y = LayerNorm(sum) for both ops:
//   g = input_dropout(dy) gamma,  dsum = rstd (g - mean(g) - x̂ mean(g x̂)),  dx =
//   output_dropout(dsum) dgamma += Σ_rows input_dropout(dy) x̂,  dbeta += Σ_rows input_dropout(dy)
struct LayerNormBackward {
  int64_t rows;
  int hidden;
  const float *gamma, *sum, *mean, *rstd, *dy;
  float* dsum;  // may be dy
  float* dx;    // null: not wanted
  float *dgamma, *dbeta;
  Draw input_dropout, output_dropout;
};

void layer_norm_backward(const LayerNormBackward& args, Stream stream, const char* op);

}  // namespace lathe::LATHE_CUDA
