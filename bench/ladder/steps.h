// The ladder's own steps towards the kernels of kernels/cpu/, each in one file of
// bench/ladder/cpu/, where the instruction set is a parameter of the build as it is there.
//
// A step is an op of kernels.h without the frills, so that the cases of the tests and benchmarks
// run on it as on any backend:
//   gemm       c = a bᵀ: transpose_b, floats, no epilogue, nothing added to c
//   attention  no dropout, no logsumexp, floats
// Other arguments are ignored. All steps run on the calling thread.
#pragma once

#include "kernels/kernels.h"

namespace lathe {

struct LadderSteps {
  static constexpr int kGemm = 5, kAttention = 5;
  void (*gemm[kGemm])(const GemmArgs&, Stream);
  void (*attention[kAttention])(const AttentionForwardArgs&, Stream);
};

}  // namespace lathe
