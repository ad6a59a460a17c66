#include "kernels/cuda/ops.h"
#include "kernels/cuda/reduce.h"

namespace lathe::LATHE_CUDA {

namespace {

// A block a row: a warp where there are few columns (a classifier), more where there are many (a
// vocabulary).
unsigned threads_for(int64_t columns) { return columns <= 128 ? kWarp : 512; }

// The largest logit of a thread's columns, and Σ exp(logit - largest), kept up together in one pass
// (Milakov, Gimelshein, "Online normalizer calculation for softmax", 2018).
struct Running {
  float largest, sum;
};

__device__ inline Running add(Running r, float x) {
  if (x <= r.largest) return {r.largest, r.sum + expf(x - r.largest)};
  return {x, r.sum * expf(r.largest - x) + 1.0f};
}

__global__ void __launch_bounds__(512) cross_entropy_kernel(CrossEntropyArgs args) {
  const int64_t row = blockIdx.x;
  const float* logits = args.logits + row * args.classes;
  const int32_t label = args.labels[row];
  const float of_label = logits[label];
  Running running{-INFINITY, 0.0f};
  for (int64_t j = threadIdx.x; j < args.classes; j += blockDim.x)
    running = add(running, logits[j]);
  const float largest = block_max(running.largest);
  // A thread without columns has sum 0 and adds nothing.
  const float share = running.sum == 0.0f ? 0.0f : running.sum * expf(running.largest - largest);
  const float sum = block_sum(share);
  if (threadIdx.x == 0) args.loss[row] = logf(sum) + (largest - of_label);
  if (args.dlogits == nullptr) return;
  for (int64_t j = threadIdx.x; j < args.classes; j += blockDim.x) {
    const float p = expf(logits[j] - largest) / sum;
    args.dlogits[row * args.classes + j] = args.grad_scale * (p - (j == label ? 1.0f : 0.0f));
  }
}

__global__ void __launch_bounds__(512) binary_cross_entropy_kernel(BinaryCrossEntropyArgs args) {
  const int64_t row = blockIdx.x;
  const float columns = static_cast<float>(args.columns);
  float loss = 0;
  for (int64_t j = threadIdx.x; j < args.columns; j += blockDim.x) {
    const int64_t at = row * args.columns + j;
    const float x = args.logits[at], target = args.targets[at];
    const float small = expf(-fabsf(x));  // never overflows
    loss += fmaxf(x, 0.0f) - x * target + log1pf(small);
    if (args.dlogits == nullptr) continue;
    const float sigmoid = (x >= 0.0f ? 1.0f : small) / (1.0f + small);
    args.dlogits[at] = args.grad_scale / columns * (sigmoid - target);
  }
  loss = block_sum(loss);
  if (threadIdx.x == 0) args.loss[row] = loss / columns;
}

__global__ void __launch_bounds__(512) squared_error_kernel(SquaredErrorArgs args) {
  const int64_t row = blockIdx.x;
  const float columns = static_cast<float>(args.columns);
  float loss = 0;
  for (int64_t j = threadIdx.x; j < args.columns; j += blockDim.x) {
    const int64_t at = row * args.columns + j;
    const float difference = args.predictions[at] - args.targets[at];
    loss += difference * difference;
    if (args.dpredictions != nullptr) {
      args.dpredictions[at] = args.grad_scale / columns * 2.0f * difference;
    }
  }
  loss = block_sum(loss);
  if (threadIdx.x == 0) args.loss[row] = loss / columns;
}

}  // namespace

void cross_entropy(const CrossEntropyArgs& args, Stream stream) {
  if (args.rows == 0) return;
  launch("cross_entropy", cross_entropy_kernel, static_cast<unsigned>(args.rows),
         threads_for(args.classes), 0, stream, args);
}

void binary_cross_entropy(const BinaryCrossEntropyArgs& args, Stream stream) {
  if (args.rows == 0) return;
  launch("binary_cross_entropy", binary_cross_entropy_kernel, static_cast<unsigned>(args.rows),
         threads_for(args.columns), 0, stream, args);
}

void squared_error(const SquaredErrorArgs& args, Stream stream) {
  if (args.rows == 0) return;
  launch("squared_error", squared_error_kernel, static_cast<unsigned>(args.rows),
         threads_for(args.columns), 0, stream, args);
}

}  // namespace lathe::LATHE_CUDA
