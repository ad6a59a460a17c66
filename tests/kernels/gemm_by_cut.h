// The product on Hopper in cuts that the sizes of tests would not lead to
// (kernels/cuda/gemm_cut.h): of every width, by single blocks and by two, of whole sums and of
// parts that begin and end within a group.
#pragma once

#include <string>
#include <vector>

#include "base/error.h"
#include "tests/kernels/cases.h"

namespace lathe::testing {

struct GemmCut {
  int columns = 256, cluster = 1, share = 0;
};
inline std::string to_string(const GemmCut& cut) {
  return concat(cut.columns, " columns, ", cut.cluster, " blocks, share ", cut.share);
}

inline std::vector<GemmCut> gemm_cuts() {
  std::vector<GemmCut> cuts;
  for (const int columns : {128, 192, 256}) {
    for (const int cluster : {1, 2}) {
      for (const int share : {0, 1, 4, 9}) cuts.push_back({columns, cluster, share});
    }
  }
  return cuts;
}

// With an epilogue, and of a gradient with row sums; three rows of pieces, which two blocks do not
// share evenly.
inline std::vector<Case> gemm_cases_to_cut() {
  constexpr Precision kBF16 = Precision::kBF16;
  return {gemm_case({.m = 300,
                     .n = 264,
                     .k = 328,
                     .transpose_b = true,
                     .epilogue = Epilogue::kBiasGelu,
                     .operands = kBF16,
                     .result = kBF16}),
          gemm_case({.m = 264,
                     .n = 520,
                     .k = 328,
                     .transpose_a = true,
                     .accumulate = true,
                     .row_sum = true,
                     .operands = kBF16})};
}

// gemm_by_cut is by the cut set last, on a GPU that has such products.
bool has_gemm_by_cut();
void set_gemm_cut(const GemmCut& cut);
void gemm_by_cut(const GemmArgs& args, Stream stream);

}  // namespace lathe::testing
