#include "kernels/cuda/layer_norm.h"

namespace lathe::LATHE_CUDA {

namespace {

// Enough for two on each of an H100's 132 multiprocessors. The same number on every device, because
// the order of the sums depends on it.
constexpr int64_t kMostBlocks = 264;

constexpr int kFinishRows = 8;  // of threads in a block of the second kernel

// The block's sums of its rows' dgamma and dbeta: from registers of each warp, through shared
// memory, to sums[2][hidden].
template <int kQuads>
__device__ void reduce_block(const float (&dgamma)[kQuads][kQuad],
                             const float (&dbeta)[kQuads][kQuad], int hidden, float* sums) {
  __shared__ float tile[kRowWarps][2][kQuadsColumns];
  const int warp = threadIdx.x / kWarp;
  LATHE_UNROLL
  for (int quad = 0; quad < kQuads; ++quad) {
    LATHE_UNROLL
    for (int w = 0; w < kQuad; ++w) {
      const int at = quad_column(0) + w * kQuadStride;
      tile[warp][0][at] = dgamma[quad][w];
      tile[warp][1][at] = dbeta[quad][w];
    }
    __syncthreads();
    const int which = threadIdx.x / kQuadsColumns, column = threadIdx.x % kQuadsColumns;
    float sum = 0;
    for (int from = 0; from < kRowWarps; ++from) sum += tile[from][which][column];
    const int at = quad * kQuadsColumns + column;
    if (at < hidden) sums[which * hidden + at] = sum;
    __syncthreads();
  }
}

// A block takes `rows_per_block` rows, each warp every kRowWarps-th of them. sums:
// [blocks][2][hidden], with kQuads = 0 one for every warp of every block.
template <int kQuads>
__global__ void __launch_bounds__(kRowThreads, kQuads <= 6 ? 2 : 1)
    backward_kernel(LayerNormBackward args, int64_t rows_per_block, float* sums) {
  constexpr int kHeld = kQuads > 0 ? kQuads : 1;
  float dgamma[kHeld][kQuad] = {}, dbeta[kHeld][kQuad] = {};
  const int hidden = args.hidden, warp = threadIdx.x / kWarp;
  const int64_t slot = kQuads > 0 ? blockIdx.x : int64_t{blockIdx.x} * kRowWarps + warp;
  float* slot_sums = sums + slot * 2 * hidden;
  if (kQuads == 0) {
    for_each_column<0>(hidden, [&](int, int, int j) { slot_sums[j] = slot_sums[hidden + j] = 0; });
  }
  const int64_t first = blockIdx.x * rows_per_block;
  const int64_t last = minimum(first + rows_per_block, args.rows);
  for (int64_t row = first + warp; row < last; row += kRowWarps) {
    const int64_t at = row * hidden;
    const float mean = args.mean[row], rstd = args.rstd[row];
    float* dsum = args.dsum + at;
    Row<kQuads> normalised(nullptr), gradient(dsum);  // x̂ and input_dropout(dy)
    for_each_column<kQuads>(hidden, [&](int q, int w, int j) {
      gradient.set(q, w, j, args.dy[at + j]);
      if (kQuads > 0) normalised.set(q, w, j, args.sum[at + j]);
    });
    const auto normal = [&](int q, int w, int j) {
      const float s = kQuads > 0 ? normalised.get(q, w, j) : args.sum[at + j];
      return (s - mean) * rstd;
    };
    float factors[kQuad] = {1.0f, 1.0f, 1.0f, 1.0f};
    float mean_g = 0, mean_gx = 0;
    for_each_column<kQuads>(hidden, [&](int q, int w, int j) {
      if (args.input_dropout.active && w == 0) {
        draw_quad(args.input_dropout, quad_counter(q), static_cast<uint32_t>(row), factors);
      }
      const float dy = gradient.get(q, w, j) * factors[w], x = normal(q, w, j);
      gradient.set(q, w, j, dy);
      mean_g += dy * args.gamma[j];
      mean_gx += dy * args.gamma[j] * x;
      if (kQuads > 0) {
        dgamma[q % kHeld][w] += dy * x;
        dbeta[q % kHeld][w] += dy;
      } else {
        slot_sums[j] += dy * x;
        slot_sums[hidden + j] += dy;
      }
    });
    mean_g = warp_sum(mean_g) / static_cast<float>(hidden);
    mean_gx = warp_sum(mean_gx) / static_cast<float>(hidden);
    LATHE_UNROLL
    for (int w = 0; w < kQuad; ++w) factors[w] = 1.0f;
    for_each_column<kQuads>(hidden, [&](int q, int w, int j) {
      if (args.output_dropout.active && w == 0) {
        draw_quad(args.output_dropout, quad_counter(q), static_cast<uint32_t>(row), factors);
      }
      const float g = gradient.get(q, w, j) * args.gamma[j];
      const float d = rstd * (g - mean_g - normal(q, w, j) * mean_gx);
      dsum[j] = d;
      if (args.dx != nullptr) args.dx[at + j] = d * factors[w];
    });
  }
  if constexpr (kQuads > 0) reduce_block<kQuads>(dgamma, dbeta, hidden, slot_sums);
}

// dgamma[j] += Σ_slots sums[slot][0][j], and dbeta likewise: a block of kWarp columns by
// kFinishRows rows of threads.
__global__ void __launch_bounds__(kWarp* kFinishRows)
    finish_kernel(const float* sums, int64_t slots, int hidden, float* dgamma, float* dbeta) {
  __shared__ float tile[kFinishRows][kWarp];
  const int column = static_cast<int>(blockIdx.x * kWarp + threadIdx.x);
  float sum = 0;
  if (column < 2 * hidden) {
    for (int64_t slot = threadIdx.y; slot < slots; slot += kFinishRows) {
      sum += sums[slot * 2 * hidden + column];
    }
  }
  tile[threadIdx.y][threadIdx.x] = sum;
  __syncthreads();
  if (threadIdx.y > 0 || column >= 2 * hidden) return;
  for (int r = 1; r < kFinishRows; ++r) sum += tile[r][threadIdx.x];
  float* to = column < hidden ? dgamma + column : dbeta + (column - hidden);
  *to += sum;
}

}  // namespace

void layer_norm_backward(const LayerNormBackward& args, Stream stream, const char* op) {
  if (args.rows == 0) return;
  const int64_t rows_per_block = ceil_div(ceil_div(args.rows, kMostBlocks), kRowWarps) * kRowWarps;
  const int64_t blocks = ceil_div(args.rows, rows_per_block);
  with_quads(args.hidden, [&](auto quads) {
    const int64_t slots = quads > 0 ? blocks : blocks * kRowWarps;
    const Workspace sums(slots * 2 * args.hidden * static_cast<int64_t>(sizeof(float)), stream, op);
    launch(op, backward_kernel<quads>, static_cast<unsigned>(blocks), kRowThreads, 0, stream, args,
           rows_per_block, sums.floats());
    launch(op, finish_kernel, static_cast<unsigned>(ceil_div(2 * args.hidden, kWarp)),
           dim3(kWarp, kFinishRows), 0, stream, sums.floats(), slots, args.hidden, args.dgamma,
           args.dbeta);
  });
}

}  // namespace lathe::LATHE_CUDA
