#include "kernels/cuda/layer_norm.h"

namespace lathe::LATHE_CUDA {

namespace {

// Enough for two on each of an H100's 132 multiprocessors. The same number on every device, because
// the order of the sums depends on it.
constexpr int64_t kMostBlocks = 264;

// Rows of zeros that fill a batch up to a multiple of 64 (train/feeder.h) change no sum: with them
// the others are cut into blocks as without them.
static_assert(kMostBlocks * kRowWarps % 64 == 0);

constexpr int kFinishRows = 8;  // of threads in a block of the second kernel

// The block's sums of its rows' dgamma and dbeta: from registers of each warp, through shared
// memory, to sums[2][hidden].
template <class T, int kSteps>
__device__ void reduce_block(const float (&dgamma)[kSteps][kQuad][kGroup<T>],
                             const float (&dbeta)[kSteps][kQuad][kGroup<T>], int hidden,
                             float* sums) {
  __shared__ float tile[kRowWarps][2][kStepColumns<T>];
  const int warp = static_cast<int>(threadIdx.x) / kWarp;
  LATHE_UNROLL
  for (int step = 0; step < kSteps; ++step) {
    for_each_group<T, 1, Rows::kFull>(kStepColumns<T>, [&](int, int w, int at) {
      LATHE_UNROLL
      for (int u = 0; u < kGroup<T>; ++u) {
        tile[warp][0][at + u] = dgamma[step][w][u];
        tile[warp][1][at + u] = dbeta[step][w][u];
      }
    });
    __syncthreads();
    LATHE_UNROLL
    for (int part = 0; part < kGroup<T>; ++part) {
      const int place = static_cast<int>(threadIdx.x) + part * kRowThreads;
      const int which = place / kStepColumns<T>, column = place % kStepColumns<T>;
      float sum = 0;
      for (int from = 0; from < kRowWarps; ++from) sum += tile[from][which][column];
      const int at = step * kStepColumns<T> + column;
      if (at < hidden) sums[which * hidden + at] = sum;
    }
    __syncthreads();
  }
}

// A block takes `rows_per_block` rows, each warp every kRowWarps-th of them. sums:
// [blocks][2][hidden], with kSteps = 0 one for every warp of every block.
template <class T, int kSteps, Rows kRows, bool drops_input>
__global__ void __launch_bounds__(kRowThreads, kSteps* kGroup<T> <= 6 ? 2 : 1)
    backward_kernel(LayerNormBackward args, int64_t rows_per_block, float* sums) {
  constexpr int kHeld = kSteps > 0 ? kSteps : 1;
  float dgamma[kHeld][kQuad][kGroup<T>] = {}, dbeta[kHeld][kQuad][kGroup<T>] = {};
  const Draw input_dropout = current(args.input_dropout);
  const Draw output_dropout = current(args.output_dropout);
  const int hidden = args.hidden, warp = static_cast<int>(threadIdx.x) / kWarp;
  const int64_t slot = kSteps > 0 ? blockIdx.x : int64_t{blockIdx.x} * kRowWarps + warp;
  float* slot_sums = sums + slot * 2 * hidden;
  // With kSteps = 0, of one column in the warp's own sums.
  const auto add_to_slot = [&](int column, float dg, float db) {
    if (column >= hidden) return;
    slot_sums[column] += dg, slot_sums[hidden + column] += db;
  };
  if (kSteps == 0) {
    for_each_group<T, 0, kRows>(hidden, [&](int, int, int j) {
      for (int u = 0; u < minimum(kGroup<T>, hidden - j); ++u) {
        slot_sums[j + u] = slot_sums[hidden + j + u] = 0;
      }
    });
  }
  const int64_t first = blockIdx.x * rows_per_block;
  const int64_t last = minimum(first + rows_per_block, args.rows);
  for (int64_t row = first + warp; row < last; row += kRowWarps) {
    const int64_t at = row * hidden;
    const float mean = args.mean[row], rstd = args.rstd[row];
    const LoadedRow<T, kSteps, kRows> dy({as<T>(args.dy) + at, hidden});
    const LoadedRow<T, kSteps, kRows> sum({as<T>(args.sum) + at, hidden});
    const MemoryRow<T, kRows> dsum{as<T>(args.dsum) + at, hidden};
    Row<T, kSteps, kRows> dropped(dsum);  // input_dropout(dy), if that is another
    const auto normalised = [&](int step, int w, int j, Group<T>& x) {
      sum.get(step, w, j, x);
      LATHE_UNROLL
      for (float& value : x) value = (value - mean) * rstd;
    };
    Factors<T> factors;
    keep_all<T>(factors);
    float mean_g = 0, mean_gx = 0;
    for_each_group<T, kSteps, kRows>(hidden, [&](int step, int w, int j) {
      if (drops_input && w == 0) draw_step<T>(input_dropout, step, row, factors);
      Group<T> g, x, gamma;
      dy.get(step, w, j, g);
      normalised(step, w, j, x);
      load_group(args.gamma + j, hidden - j, kInVectors<kRows>, gamma);
      LATHE_UNROLL
      for (int u = 0; u < kGroup<T>; ++u) {
        if (drops_input) g[u] *= factors[u][w];
        mean_g += g[u] * gamma[u];
        mean_gx += g[u] * gamma[u] * x[u];
        if (kSteps > 0) {
          dgamma[step % kHeld][w][u] += g[u] * x[u];
          dbeta[step % kHeld][w][u] += g[u];
        } else {
          add_to_slot(j + u, g[u] * x[u], g[u]);
        }
      }
      if (drops_input) dropped.set(step, w, j, g);
    });
    mean_g = warp_sum(mean_g) / static_cast<float>(hidden);
    mean_gx = warp_sum(mean_gx) / static_cast<float>(hidden);
    keep_all<T>(factors);
    for_each_group<T, kSteps, kRows>(hidden, [&](int step, int w, int j) {
      if (output_dropout.active && w == 0) draw_step<T>(output_dropout, step, row, factors);
      Group<T> d, x, gamma;
      drops_input ? dropped.get(step, w, j, d) : dy.get(step, w, j, d);
      normalised(step, w, j, x);
      load_group(args.gamma + j, hidden - j, kInVectors<kRows>, gamma);
      LATHE_UNROLL
      for (int u = 0; u < kGroup<T>; ++u) {
        d[u] = rstd * (d[u] * gamma[u] - mean_g - x[u] * mean_gx);
      }
      dsum.store(j, d);
      if (args.dx.data == nullptr) return;
      LATHE_UNROLL
      for (int u = 0; u < kGroup<T>; ++u) d[u] *= factors[u][w];
      store_group(as<T>(args.dx) + at + j, hidden - j, kInVectors<kRows>, d);
    });
  }
  if constexpr (kSteps > 0) reduce_block<T, kSteps>(dgamma, dbeta, hidden, slot_sums);
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
  const bool vectors =
      groups_are_whole(args.hidden, {args.sum.data, args.dy.data, args.dsum.data, args.dx.data}) &&
      pairs_are_aligned({args.gamma});
  with_type(args.dy.precision, [&](auto zero) {
    using T = decltype(zero);
    with_steps<T>(args.hidden, vectors, [&](auto steps, auto rows) {
      const int64_t slots = steps > 0 ? blocks : blocks * kRowWarps;
      const Workspace sums(slots * 2 * args.hidden * static_cast<int64_t>(sizeof(float)), stream,
                           op);
      const auto kernel = args.input_dropout.active ? backward_kernel<T, steps, rows, true>
                                                    : backward_kernel<T, steps, rows, false>;
      launch(op, kernel, static_cast<unsigned>(blocks), kRowThreads, 0, stream, args,
             rows_per_block, sums.floats());
      launch(op, finish_kernel, static_cast<unsigned>(ceil_div(2 * args.hidden, kWarp)),
             dim3(kWarp, kFinishRows), 0, stream, sums.floats(), slots, args.hidden, args.dgamma,
             args.dbeta);
    });
  });
}

}  // namespace lathe::LATHE_CUDA
