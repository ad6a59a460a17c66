// What Hopper's tensor cores do with nothing in their way: products of warpgroups (wgmma), of tiles
// in shared memory that never change. Compiled for sm_90a alone.
#include "bench/ladder/cuda/steps.h"
#include "kernels/cuda/wgmma.h"

namespace lathe::LATHE_CUDA {
namespace {

constexpr int kColumns = GpuLadder::kWarpgroupColumns;
constexpr int kTiles = 1 + kColumns / kTileSide;
constexpr int kWaiting = 4;  // products that are asked for at a time

// Every element of the factors is 1: each step adds 16 to every sum.
__global__ void __launch_bounds__(GpuLadder::kPeakThreads)
    multiply_by_warpgroups_kernel(int steps, uint32_t ones, float* out) {
  auto* tiles = aligned_tiles();
  for (auto i = static_cast<int>(threadIdx.x); i < kTiles * kTileBytes / 4;
       i += GpuLadder::kPeakThreads) {
    reinterpret_cast<uint32_t*>(tiles)[i] = ones;
  }
  show_to_products();
  __syncthreads();
  const uint64_t a = describe_factor<true>(tiles, 0),
                 b = describe_factor<true>(tiles + kTileBytes, 0);
  float sums[kColumns / 2] = {};
  for (int step = 0; step < steps; step += kWaiting) {
    begin_products();
    LATHE_UNROLL
    for (int n = 0; n < kWaiting; ++n) multiply_add_async<true, true, kColumns>(a, b, sums);
    end_products();
    wait_for_products<1>();
  }
  wait_for_products<0>();
  float sum = 0;
  LATHE_UNROLL
  for (const float x : sums) sum += x;
  out[int64_t{blockIdx.x} * blockDim.x + threadIdx.x] = sum;
}

}  // namespace

void multiply_by_warpgroups(int64_t blocks, int steps, float* out, Stream stream) {
  constexpr int kBytes = kAlignmentOfTiles + kTiles * kTileBytes;
  allow_shared_memory(multiply_by_warpgroups_kernel, kBytes, "a peak");
  launch("a peak", multiply_by_warpgroups_kernel, static_cast<unsigned>(blocks),
         GpuLadder::kPeakThreads, kBytes, stream, steps, 0x3f803f80u, out);
}

}  // namespace lathe::LATHE_CUDA
