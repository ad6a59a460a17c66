#include <cmath>
#include <vector>

#include "kernels/dropout.h"
#include "kernels/reference/numbers.h"
#include "kernels/reference/ops.h"

namespace lathe::reference {

namespace {

// The columns of a head in a row.
std::vector<float> part(const ConstNumbers& x, int64_t first, int64_t count) {
  std::vector<float> values;
  for (int64_t i = 0; i < count; ++i) values.push_back(at(x, first + i));
  return values;
}

double dot(const std::vector<float>& a, const std::vector<float>& b) {
  double sum = 0;
  for (std::size_t i = 0; i < a.size(); ++i) sum += static_cast<double>(a[i]) * b[i];
  return sum;
}

double* row(std::vector<double>& matrix, int64_t i, int64_t columns) {
  return matrix.data() + i * columns;
}

void forward_query(const AttentionForwardArgs& args, int64_t sequence, int64_t head, int64_t i) {
  const int64_t first = args.offsets[sequence], keys = args.offsets[sequence + 1] - first;
  const int64_t size = args.head_size, column = head * size;
  std::vector<double> score(static_cast<std::size_t>(keys));
  const std::vector<float> q = part(args.q, i * args.ldq + column, size);
  double largest = -INFINITY;
  for (int64_t j = 0; j < keys; ++j) {
    double& s = score[static_cast<std::size_t>(j)];
    s = args.scale * dot(q, part(args.k, (first + j) * args.ldk + column, size));
    largest = std::fmax(largest, s);
  }
  double sum = 0;
  for (double s : score) sum += std::exp(s - largest);
  const double logsumexp = largest + std::log(sum);
  if (args.logsumexp != nullptr) {
    args.logsumexp[i * args.heads + head] = static_cast<float>(logsumexp);
  }
  for (int64_t j = 0; j < keys; ++j) {  // from here on score[j] is dropout(p)[j]
    double& s = score[static_cast<std::size_t>(j)];
    s = std::exp(s - logsumexp) * dropout_factor(args.dropout, i * args.heads + head, j);
  }
  for (int64_t l = 0; l < size; ++l) {
    double context = 0;
    for (int64_t j = 0; j < keys; ++j) {
      context +=
          score[static_cast<std::size_t>(j)] * at(args.v, (first + j) * args.ldv + column + l);
    }
    put(args.context, i * args.ldcontext + column + l, context);
  }
}

void backward_head(const AttentionBackwardArgs& args, int64_t sequence, int64_t head) {
  const int64_t first = args.offsets[sequence], keys = args.offsets[sequence + 1] - first;
  const int64_t size = args.head_size, column = head * size;
  std::vector<double> dk(static_cast<std::size_t>(keys * size)), dv(dk.size());
  std::vector<double> dq(static_cast<std::size_t>(size));
  for (int64_t i = args.query_offsets[sequence]; i < args.query_offsets[sequence + 1]; ++i) {
    const std::vector<float> q = part(args.q, i * args.ldq + column, size);
    const std::vector<float> dcontext = part(args.dcontext, i * args.ldcontext + column, size);
    const double d = dot(dcontext, part(args.context, i * args.ldcontext + column, size));
    for (double& x : dq) x = 0;
    for (int64_t j = 0; j < keys; ++j) {
      const std::vector<float> k = part(args.k, (first + j) * args.ldk + column, size);
      const std::vector<float> v = part(args.v, (first + j) * args.ldv + column, size);
      const double score = args.scale * dot(q, k);
      const double p = std::exp(score - args.logsumexp[i * args.heads + head]);
      const double factor = dropout_factor(args.dropout, i * args.heads + head, j);
      const double dscore = p * (factor * dot(dcontext, v) - d);
      for (int64_t l = 0; l < size; ++l) {
        const auto n = static_cast<std::size_t>(l);
        dq[n] += args.scale * dscore * k[n];
        row(dk, j, size)[l] += args.scale * dscore * q[n];
        row(dv, j, size)[l] += p * factor * dcontext[n];
      }
    }
    for (int64_t l = 0; l < size; ++l) {
      put(args.dq, i * args.lddq + column + l, dq[static_cast<std::size_t>(l)]);
    }
  }
  for (int64_t j = 0; j < keys; ++j) {
    for (int64_t l = 0; l < size; ++l) {
      put(args.dk, (first + j) * args.lddk + column + l, row(dk, j, size)[l]);
      put(args.dv, (first + j) * args.lddv + column + l, row(dv, j, size)[l]);
    }
  }
}

}  // namespace

void attention_forward(const AttentionForwardArgs& args, Stream) {
  for (int64_t s = 0; s < args.sequences; ++s) {
    for (int64_t i = args.query_offsets[s]; i < args.query_offsets[s + 1]; ++i) {
      for (int64_t head = 0; head < args.heads; ++head) forward_query(args, s, head, i);
    }
  }
}

void attention_backward(const AttentionBackwardArgs& args, Stream) {
  for (int64_t s = 0; s < args.sequences; ++s) {
    for (int64_t head = 0; head < args.heads; ++head) backward_head(args, s, head);
  }
}

}  // namespace lathe::reference
