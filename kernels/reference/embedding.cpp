#include <vector>

#include "kernels/dropout.h"
#include "kernels/reference/layer_norm.h"
#include "kernels/reference/numbers.h"
#include "kernels/reference/ops.h"

namespace lathe::reference {

void embedding_forward(const EmbeddingForwardArgs& args, Stream) {
  std::vector<float> sum(static_cast<std::size_t>(args.hidden));
  for (int64_t t = 0; t < args.tokens; ++t) {
    const float* word = args.word + args.ids[t] * args.hidden;
    const float* position = args.position + args.positions[t] * args.hidden;
    const float* type = args.type + args.types[t] * args.hidden;
    for (int64_t j = 0; j < args.hidden; ++j) {
      sum[static_cast<std::size_t>(j)] = word[j] + position[j] + type[j];
    }
    const auto [mean, rstd] = row_statistics(sum.data(), args.hidden, args.eps);
    for (int64_t j = 0; j < args.hidden; ++j) {
      const double s = sum[static_cast<std::size_t>(j)];
      const double y = (s - mean) * rstd * args.gamma[j] + args.beta[j];
      put(args.y, t * args.hidden + j, static_cast<float>(y) * dropout_factor(args.dropout, t, j));
      if (args.sum != nullptr) put(args.sum, t * args.hidden + j, s);
    }
    if (args.mean != nullptr) args.mean[t] = static_cast<float>(mean);
    if (args.rstd != nullptr) args.rstd[t] = static_cast<float>(rstd);
  }
}

void embedding_backward(const EmbeddingBackwardArgs& args, Stream) {
  std::vector<double> dgamma(args.dgamma, args.dgamma + args.hidden);
  std::vector<double> dbeta(args.dbeta, args.dbeta + args.hidden);
  std::vector<float> sum(static_cast<std::size_t>(args.hidden)), dsum(sum.size());
  for (int64_t t = 0; t < args.tokens; ++t) {
    const int64_t row = t * args.hidden;
    for (int64_t j = 0; j < args.hidden; ++j) {
      sum[static_cast<std::size_t>(j)] = at(args.sum, row + j);
      dsum[static_cast<std::size_t>(j)] = at(args.dy, row + j) * dropout_factor(args.dropout, t, j);
    }
    layer_norm_backward_row(sum.data(), {args.mean[t], args.rstd[t]}, args.gamma, dsum.data(),
                            args.hidden, dsum.data(), dgamma.data(), dbeta.data());
    for (int64_t j = 0; j < args.hidden; ++j) {
      put(args.dsum, row + j, dsum[static_cast<std::size_t>(j)]);
      const float d = at(args.dsum, row + j);
      args.dword[args.ids[t] * args.hidden + j] += d;
      args.dposition[args.positions[t] * args.hidden + j] += d;
      args.dtype[args.types[t] * args.hidden + j] += d;
    }
    if (args.word_touched != nullptr) args.word_touched[args.ids[t]] = 1;
  }
  for (int64_t j = 0; j < args.hidden; ++j) {
    args.dgamma[j] = static_cast<float>(dgamma[static_cast<std::size_t>(j)]);
    args.dbeta[j] = static_cast<float>(dbeta[static_cast<std::size_t>(j)]);
  }
}

}  // namespace lathe::reference
