#include <cmath>
#include <vector>

#include "kernels/dropout.h"
#include "kernels/reference/numbers.h"
#include "kernels/reference/ops.h"

namespace lathe::reference {

namespace {

// One head of one sequence, of either way's arguments.
template <class Args>
struct Head {
  Head(const Args& a, int64_t s, int64_t h)
      : args(a),
        row(s * a.heads + h),
        first(a.offsets[s]),
        rows(a.offsets[s + 1] - first),
        u(a.u + row * a.hidden) {}

  // Column l of row j.
  double x(int64_t j, int64_t l) const { return at(args.x, (first + j) * args.hidden + l); }
  double dot(const float* of_head, int64_t j) const {
    double sum = 0;
    for (int64_t l = 0; l < args.hidden; ++l) sum += of_head[l] * x(j, l);
    return sum;
  }
  double score(int64_t j) const { return args.scale * dot(u, j); }
  double factor(int64_t j) const { return dropout_factor(args.dropout, row, j); }

  const Args& args;
  int64_t row, first, rows;
  const float* u;
};

void forward_head(const Head<AttentionPoolForwardArgs>& head) {
  const AttentionPoolForwardArgs& args = head.args;
  double largest = -INFINITY, sum = 0, mass = 0;
  for (int64_t j = 0; j < head.rows; ++j) largest = std::fmax(largest, head.score(j));
  for (int64_t j = 0; j < head.rows; ++j) sum += std::exp(head.score(j) - largest);
  const double logsumexp = largest + std::log(sum);
  std::vector<double> z(static_cast<std::size_t>(args.hidden));
  for (int64_t j = 0; j < head.rows; ++j) {
    const double p = std::exp(head.score(j) - logsumexp) * head.factor(j);
    mass += p;
    for (int64_t l = 0; l < args.hidden; ++l) z[static_cast<std::size_t>(l)] += p * head.x(j, l);
  }
  float* to = args.z + head.row * args.hidden;
  for (double element : z) *to++ = static_cast<float>(element);
  args.mass[head.row] = static_cast<float>(mass);
  if (args.logsumexp != nullptr) args.logsumexp[head.row] = static_cast<float>(logsumexp);
}

// Assigns du and adds to dx [rows, hidden], the gradient of the sequence's rows.
void backward_head(const Head<AttentionPoolBackwardArgs>& head, std::vector<double>& dx) {
  const AttentionPoolBackwardArgs& args = head.args;
  const float* dz = args.dz + head.row * args.hidden;
  const auto p = [&](int64_t j) { return std::exp(head.score(j) - args.logsumexp[head.row]); };
  const auto dp = [&](int64_t j) {
    return head.factor(j) * (head.dot(dz, j) + args.dmass[head.row]);
  };
  double d = 0;
  for (int64_t j = 0; j < head.rows; ++j) d += p(j) * dp(j);
  std::vector<double> du(static_cast<std::size_t>(args.hidden));
  for (int64_t j = 0; j < head.rows; ++j) {
    const double dscore = args.scale * p(j) * (dp(j) - d), kept = p(j) * head.factor(j);
    for (int64_t l = 0; l < args.hidden; ++l) {
      du[static_cast<std::size_t>(l)] += dscore * head.x(j, l);
      dx[static_cast<std::size_t>(j * args.hidden + l)] += kept * dz[l] + dscore * head.u[l];
    }
  }
  float* to = args.du + head.row * args.hidden;
  for (double element : du) *to++ = static_cast<float>(element);
}

}  // namespace

void attention_pool_forward(const AttentionPoolForwardArgs& args, Stream) {
  for (int64_t s = 0; s < args.sequences; ++s) {
    for (int64_t h = 0; h < args.heads; ++h) forward_head({args, s, h});
  }
}

void attention_pool_backward(const AttentionPoolBackwardArgs& args, Stream) {
  int64_t to = 0;
  for (int64_t s = 0; s < args.sequences; ++s) {
    const int64_t rows = args.offsets[s + 1] - args.offsets[s];
    std::vector<double> dx(static_cast<std::size_t>(rows * args.hidden));
    for (int64_t h = 0; h < args.heads; ++h) backward_head({args, s, h}, dx);
    for (double element : dx) put(args.dx, to++, element);
  }
  while (to < args.tokens * args.hidden) put(args.dx, to++, 0);
}

}  // namespace lathe::reference
