// The ladder on a GPU: a kernel in steps, from a thread a result to the one that this project uses,
// on one problem, first of floats and then of bfloat16s.
#pragma once

#include <string>
#include <vector>

#include "bench/ladder/gpu/steps.h"
#include "kernels/device.h"
#include "tests/kernels/cases/case.h"

namespace lathe::bench {

struct GpuRung {
  const char *name, *adds;
  Precision precision;
  Kernels kernels;  // whose gemm or attention_forward is this rung's; no other op is asked for
};

struct GpuClimb {
  testing::Case floats, bfloat16s;  // the problem in either precision
  std::vector<GpuRung> rungs;
};

// dx = dy W: c [m, n] = a [m, k] b [k, n].
GpuClimb gemm_climb(const GpuLadder& steps, int64_t m, int64_t n, int64_t k);

// Attention of inference: no dropout, nothing saved. Sequences of up to 512 tokens.
GpuClimb attention_climb(const GpuLadder& steps, const std::vector<int32_t>& lengths, int64_t heads,
                         int64_t head_size);

// Empty, or a line that names the first rung that does not give what `oracle` does, a backend on
// the processor that takes floats, on all its threads. The rungs run on `gpu`; on memory of the
// host where it is null (for the emulator under AddressSanitizer). `offset`: elements that operands
// lie off their alignment.
std::string first_wrong_rung(const GpuClimb& climb, const Kernels& oracle, Device* gpu,
                             int64_t offset = 0);

// Operations a second that the GPU's units do with nothing in their way (bench/ladder/cuda/peaks.cu
// and peak_wgmma.cu).
struct GpuPeaks {
  double floats, by_mma;
  double by_wgmma;  // 0 but on Hopper

  double bfloat16s() const { return by_wgmma > by_mma ? by_wgmma : by_mma; }
};
GpuPeaks measure_peaks(const GpuLadder& steps, Device& gpu);

// Times all rungs and prints a row for each.
void print_speeds(const GpuClimb& climb, const GpuPeaks& peaks, Device& gpu);

}  // namespace lathe::bench
