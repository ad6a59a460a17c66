#include <cmath>

#include "kernels/reference/ops.h"

namespace lathe::reference {

namespace {

double logsumexp(const float* x, int64_t count) {
  double largest = -INFINITY;
  for (int64_t j = 0; j < count; ++j) largest = std::fmax(largest, x[j]);
  double sum = 0;
  for (int64_t j = 0; j < count; ++j) sum += std::exp(x[j] - largest);
  return largest + std::log(sum);
}

}  // namespace

void cross_entropy(const CrossEntropyArgs& args, Stream) {
  for (int64_t i = 0; i < args.rows; ++i) {
    const float* logits = args.logits + i * args.classes;
    const double total = logsumexp(logits, args.classes);
    args.loss[i] = static_cast<float>(total - logits[args.labels[i]]);
    if (args.dlogits == nullptr) continue;
    for (int64_t j = 0; j < args.classes; ++j) {
      const double p = std::exp(logits[j] - total);
      const double onehot = j == args.labels[i] ? 1 : 0;
      args.dlogits[i * args.classes + j] = static_cast<float>(args.grad_scale * (p - onehot));
    }
  }
}

void binary_cross_entropy(const BinaryCrossEntropyArgs& args, Stream) {
  const double columns = static_cast<double>(args.columns);
  for (int64_t i = 0; i < args.rows; ++i) {
    double loss = 0;
    for (int64_t j = 0; j < args.columns; ++j) {
      const double x = args.logits[i * args.columns + j];
      const double target = args.targets[i * args.columns + j];
      loss += std::fmax(x, 0) - x * target + std::log1p(std::exp(-std::fabs(x)));
      if (args.dlogits == nullptr) continue;
      const double sigmoid = 1 / (1 + std::exp(-x));
      args.dlogits[i * args.columns + j] =
          static_cast<float>(args.grad_scale / columns * (sigmoid - target));
    }
    args.loss[i] = static_cast<float>(loss / columns);
  }
}

void squared_error(const SquaredErrorArgs& args, Stream) {
  const double columns = static_cast<double>(args.columns);
  for (int64_t i = 0; i < args.rows; ++i) {
    double loss = 0;
    for (int64_t j = 0; j < args.columns; ++j) {
      const int64_t at = i * args.columns + j;
      const double difference = static_cast<double>(args.predictions[at]) - args.targets[at];
      loss += difference * difference;
      if (args.dpredictions == nullptr) continue;
      args.dpredictions[at] = static_cast<float>(args.grad_scale / columns * 2 * difference);
    }
    args.loss[i] = static_cast<float>(loss / columns);
  }
}

}  // namespace lathe::reference
