#include "kernels/cpu/ops.h"
#include "kernels/cpu/parallel.h"
#include "kernels/cpu/vector_math.h"

namespace lathe::cpu::LATHE_ISA {

namespace {

// x where the lane is inside the row, else `outside`.
Vec load_or(const float* x, int64_t lanes, float outside) {
  if (lanes >= kWidth) return load(x);
  const IntVec inside = lane_numbers() < static_cast<int32_t>(lanes);
  return inside ? load(x, lanes) : broadcast(outside);
}

float largest_of(const float* x, int64_t count) {
  Vec largest = broadcast(-__builtin_inff());
  for (int64_t j = 0; j < count; j += kWidth) {
    largest = vector_max(load_or(x + j, count - j, -__builtin_inff()), largest);
  }
  return max_lane(largest);
}

float logsumexp(const float* x, int64_t count) {
  const float largest = largest_of(x, count);
  Vec sum{};
  for (int64_t j = 0; j < count; j += kWidth) {
    sum += exponential(load_or(x + j, count - j, -__builtin_inff()) - largest);
  }
  return largest + __builtin_logf(sum_lanes(sum));
}

void cross_entropy_row(const CrossEntropyArgs& args, int64_t i) {
  const float* logits = args.logits + i * args.classes;
  const float total = logsumexp(logits, args.classes);
  const int32_t label = args.labels[i];
  args.loss[i] = total - logits[label];
  if (args.dlogits == nullptr) return;
  float* dlogits = args.dlogits + i * args.classes;
  for (int64_t j = 0; j < args.classes; j += kWidth) {
    const int64_t lanes = args.classes - j;
    const Vec p = exponential(load(logits + j, lanes) - total);
    const IntVec is_label = lane_numbers() == static_cast<int32_t>(label - j);
    store(dlogits + j, args.grad_scale * (is_label ? p - 1.0f : p), lanes);
  }
}

// One column's loss; the gradient before scaling goes to *gradient.
float binary_cross_entropy_of(float x, float target, float* gradient) {
  const float e = __builtin_expf(-__builtin_fabsf(x));
  *gradient = (x >= 0.0f ? 1.0f : e) / (1.0f + e) - target;
  return (x > 0.0f ? x : 0.0f) - x * target + __builtin_log1pf(e);
}

}  // namespace

void cross_entropy(const CrossEntropyArgs& args, Stream) {
#pragma omp parallel for schedule(static) num_threads(threads_for(args.rows* args.classes))
  for (int64_t i = 0; i < args.rows; ++i) cross_entropy_row(args, i);
}

// Labels are few, so this and squared_error are a scalar loop a row.
void binary_cross_entropy(const BinaryCrossEntropyArgs& args, Stream) {
  const float columns = static_cast<float>(args.columns);
#pragma omp parallel for schedule(static) num_threads(threads_for(args.rows* args.columns))
  for (int64_t i = 0; i < args.rows; ++i) {
    float loss = 0.0f;
    for (int64_t j = i * args.columns; j < (i + 1) * args.columns; ++j) {
      float gradient;
      loss += binary_cross_entropy_of(args.logits[j], args.targets[j], &gradient);
      if (args.dlogits != nullptr) args.dlogits[j] = args.grad_scale / columns * gradient;
    }
    args.loss[i] = loss / columns;
  }
}

void squared_error(const SquaredErrorArgs& args, Stream) {
  const float columns = static_cast<float>(args.columns);
#pragma omp parallel for schedule(static) num_threads(threads_for(args.rows* args.columns))
  for (int64_t i = 0; i < args.rows; ++i) {
    float loss = 0.0f;
    for (int64_t j = i * args.columns; j < (i + 1) * args.columns; ++j) {
      const float difference = args.predictions[j] - args.targets[j];
      loss += difference * difference;
      if (args.dpredictions == nullptr) continue;
      args.dpredictions[j] = args.grad_scale / columns * 2.0f * difference;
    }
    args.loss[i] = loss / columns;
  }
}

}  // namespace lathe::cpu::LATHE_ISA
