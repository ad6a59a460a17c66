// Layer normalisation of one row, which embedding and add_norm share.
//
// Ba, Kiros, Hinton, "Layer Normalization" (2016). The formulas are at AddNormForwardArgs and
// AddNormBackwardArgs of kernels.h.
#pragma once

#include <cstdint>

namespace lathe::reference {

struct RowStatistics {
  double mean, rstd;
};

RowStatistics row_statistics(const float* x, int64_t hidden, float eps);

// From dy, the gradient of the row's normalised output, to dsum, that of its input; adds to dgamma
// and dbeta. dsum may be dy.
void layer_norm_backward_row(const float* sum, RowStatistics statistics, const float* gamma,
                             const float* dy, int64_t hidden, float* dsum, double* dgamma,
                             double* dbeta);

}  // namespace lathe::reference
