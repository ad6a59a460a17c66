// What the arithmetic units do with nothing in their way: chains of multiplications and additions
// in registers, no load, a store at the end. On tensor cores by mma.sync; Hopper has another
// instruction, which alone can keep it fully busy (peak_wgmma.cu).
#include "bench/ladder/cuda/steps.h"
#include "kernels/cuda/mma.h"

namespace lathe::LATHE_CUDA {
namespace {

constexpr int kChains = GpuLadder::kPeakChains;  // in flight, none of which waits for another

// From its number each chain goes up by `addend` a step. Chains that are alike would be computed
// once.
__global__ void __launch_bounds__(GpuLadder::kPeakThreads)
    multiply_floats_kernel(int steps, float factor, float addend, float* out) {
  float x[kChains];
  LATHE_UNROLL
  for (int chain = 0; chain < kChains; ++chain) x[chain] = static_cast<float>(chain);
  LATHE_UNROLL_BY(16)
  for (int step = 0; step < steps; ++step) {
    LATHE_UNROLL
    for (float& chain : x) chain = chain * factor + addend;
  }
  float sum = 0;
  LATHE_UNROLL
  for (const float chain : x) sum += chain;
  out[int64_t{blockIdx.x} * blockDim.x + threadIdx.x] = sum;
}

// Every element of the factors is 1: each step adds 16 to every sum.
__global__ void __launch_bounds__(GpuLadder::kPeakThreads)
    multiply_bfloat16s_kernel(int steps, uint32_t ones, float* out) {
  float x[kChains][4] = {};
  const uint32_t rows[4] = {ones, ones, ones, ones};
  LATHE_UNROLL_BY(4)
  for (int step = 0; step < steps; ++step) {
    LATHE_UNROLL
    for (auto& chain : x) multiply_add(rows, ones, ones, chain);
  }
  float sum = 0;
  LATHE_UNROLL
  for (const auto& chain : x) sum += chain[0] + chain[1] + chain[2] + chain[3];
  out[int64_t{blockIdx.x} * blockDim.x + threadIdx.x] = sum;
}

}  // namespace

void multiply_floats(int64_t blocks, int steps, float* out, Stream stream) {
  launch("a peak", multiply_floats_kernel, static_cast<unsigned>(blocks), GpuLadder::kPeakThreads,
         0, stream, steps, 1.0f, 0x1p-4f, out);
}

void multiply_bfloat16s(int64_t blocks, int steps, float* out, Stream stream) {
  launch("a peak", multiply_bfloat16s_kernel, static_cast<unsigned>(blocks),
         GpuLadder::kPeakThreads, 0, stream, steps, 0x3f803f80u, out);
}

}  // namespace lathe::LATHE_CUDA
