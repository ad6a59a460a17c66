// The sums that gemm adds to a_row_sum: the gradient of a linear layer's bias.
#pragma once

#include "kernels/cpu/gemm_pack.h"

namespace lathe::cpu::LATHE_ISA {

// row_sum[i] += the sum over l of line (first + i), element (first_l + l), for i < rows and l < k.
void add_row_sums(const PanelSource& a, int64_t first, int64_t rows, int64_t first_l, int64_t k,
                  float* row_sum);

}  // namespace lathe::cpu::LATHE_ISA
