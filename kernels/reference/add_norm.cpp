#include <vector>

#include "kernels/dropout.h"
#include "kernels/reference/layer_norm.h"
#include "kernels/reference/numbers.h"
#include "kernels/reference/ops.h"

namespace lathe::reference {

void add_norm_forward(const AddNormForwardArgs& args, Stream) {
  std::vector<float> sum(static_cast<std::size_t>(args.hidden));
  for (int64_t i = 0; i < args.rows; ++i) {
    const int64_t row = i * args.hidden;
    for (int64_t j = 0; j < args.hidden; ++j) {
      const float dropped = at(args.x, row + j) * dropout_factor(args.dropout, i, j);
      sum[static_cast<std::size_t>(j)] = at(args.residual, row + j) + dropped;
    }
    const auto [mean, rstd] = row_statistics(sum.data(), args.hidden, args.eps);
    for (int64_t j = 0; j < args.hidden; ++j) {
      const double s = sum[static_cast<std::size_t>(j)];
      const double normalised = (s - mean) * rstd;
      if (args.sum != nullptr) put(args.sum, row + j, s);
      put(args.y, row + j, normalised * args.gamma[j] + args.beta[j]);
    }
    if (args.mean != nullptr) args.mean[i] = static_cast<float>(mean);
    if (args.rstd != nullptr) args.rstd[i] = static_cast<float>(rstd);
  }
}

void add_norm_backward(const AddNormBackwardArgs& args, Stream) {
  std::vector<double> dgamma(args.dgamma, args.dgamma + args.hidden);
  std::vector<double> dbeta(args.dbeta, args.dbeta + args.hidden);
  std::vector<float> sum(static_cast<std::size_t>(args.hidden)), dsum(sum.size());
  for (int64_t i = 0; i < args.rows; ++i) {
    const int64_t row = i * args.hidden;
    for (int64_t j = 0; j < args.hidden; ++j) {
      sum[static_cast<std::size_t>(j)] = at(args.sum, row + j);
      dsum[static_cast<std::size_t>(j)] = at(args.dy, row + j);
    }
    layer_norm_backward_row(sum.data(), {args.mean[i], args.rstd[i]}, args.gamma, dsum.data(),
                            args.hidden, dsum.data(), dgamma.data(), dbeta.data());
    for (int64_t j = 0; j < args.hidden; ++j) {
      const float d = dsum[static_cast<std::size_t>(j)];
      put(args.dresidual, row + j, d);
      put(args.dx, row + j, d * dropout_factor(args.dropout, i, j));
    }
  }
  for (int64_t j = 0; j < args.hidden; ++j) {
    args.dgamma[j] = static_cast<float>(dgamma[static_cast<std::size_t>(j)]);
    args.dbeta[j] = static_cast<float>(dbeta[static_cast<std::size_t>(j)]);
  }
}

}  // namespace lathe::reference
