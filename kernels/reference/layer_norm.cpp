#include "kernels/reference/layer_norm.h"

#include <cmath>

namespace lathe::reference {

RowStatistics row_statistics(const float* x, int64_t hidden, float eps) {
  double total = 0;
  for (int64_t j = 0; j < hidden; ++j) total += x[j];
  const double mean = total / static_cast<double>(hidden);
  double squares = 0;
  for (int64_t j = 0; j < hidden; ++j) squares += (x[j] - mean) * (x[j] - mean);
  return {mean, 1 / std::sqrt(squares / static_cast<double>(hidden) + eps)};
}

void layer_norm_backward_row(const float* sum, RowStatistics statistics, const float* gamma,
                             const float* dy, int64_t hidden, float* dsum, double* dgamma,
                             double* dbeta) {
  const auto [mean, rstd] = statistics;
  double mean_g = 0, mean_gx = 0;
  for (int64_t j = 0; j < hidden; ++j) {
    const double normalised = (sum[j] - mean) * rstd;
    const double g = static_cast<double>(dy[j]) * gamma[j];
    mean_g += g / static_cast<double>(hidden);
    mean_gx += g * normalised / static_cast<double>(hidden);
    dgamma[j] += dy[j] * normalised;
    dbeta[j] += dy[j];
  }
  for (int64_t j = 0; j < hidden; ++j) {
    const double normalised = (sum[j] - mean) * rstd;
    const double g = static_cast<double>(dy[j]) * gamma[j];
    dsum[j] = static_cast<float>(rstd * (g - mean_g - normalised * mean_gx));
  }
}

}  // namespace lathe::reference
