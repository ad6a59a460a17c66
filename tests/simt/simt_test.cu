// The emulator itself: that threads meet where CUDA's do, and that each thing that no kernel may do
// is found. The kernels of these tests are compiled as those of kernels/cuda/ are.
#include <cuda_runtime.h>
#include <gtest/gtest.h>

#include <numeric>
#include <string>
#include <vector>

namespace {

template <class Kernel, class... Arguments>
void run(Kernel kernel, dim3 grid, dim3 block, std::size_t shared_bytes, Arguments... arguments) {
  const cudaLaunchConfig_t config{grid, block, shared_bytes, nullptr, nullptr, 0};
  ASSERT_EQ(cudaLaunchKernelEx(&config, kernel, arguments...), cudaSuccess);
}

// What the emulator says against a launch; empty when it says nothing.
template <class Kernel, class... Arguments>
std::string violation(Kernel kernel, dim3 grid, dim3 block, std::size_t shared_bytes,
                      Arguments... arguments) {
  try {
    run(kernel, grid, block, shared_bytes, arguments...);
  } catch (const simt::Violation& found) {
    return found.what();
  }
  return "";
}

bool contains(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

#ifdef __SANITIZE_ADDRESS__
constexpr bool kSeesAccesses = false;  // AddressSanitizer takes the place of the instrumentation
#else
constexpr bool kSeesAccesses = true;
#endif

#define EXPECT_VIOLATION(found, part)                                                    \
  do {                                                                                   \
    const std::string text = found;                                                      \
    EXPECT_TRUE(contains(text, part)) << "found: " << (text.empty() ? "nothing" : text); \
  } while (false)

// ---- indices ------------------------------------------------------------------------------------

__global__ void note_indices(unsigned* out) {
  const unsigned block = (blockIdx.z * gridDim.y + blockIdx.y) * gridDim.x + blockIdx.x;
  const unsigned thread = (threadIdx.z * blockDim.y + threadIdx.y) * blockDim.x + threadIdx.x;
  const unsigned at = block * blockDim.x * blockDim.y * blockDim.z + thread;
  out[at] = at;
}

TEST(SimtTest, EveryThreadOfEveryBlockRunsOnce) {
  std::vector<unsigned> out(2 * 3 * 4 * 5 * 6 * 2, ~0u);
  run(note_indices, dim3(2, 3, 4), dim3(5, 6, 2), 0, out.data());
  for (unsigned i = 0; i < out.size(); ++i) EXPECT_EQ(out[i], i);
}

// ---- barriers and shared memory -----------------------------------------------------------------

__global__ void reverse_static(int* data, bool with_barrier) {
  __shared__ int tile[256];
  tile[threadIdx.x] = data[threadIdx.x];
  if (with_barrier) __syncthreads();
  data[threadIdx.x] = tile[blockDim.x - 1 - threadIdx.x];
}

__global__ void reverse_dynamic(int* data) {
  int* tile = static_cast<int*>(simt::dynamic_shared());
  tile[threadIdx.x] = data[threadIdx.x];
  __syncthreads();
  data[threadIdx.x] = tile[blockDim.x - 1 - threadIdx.x];
}

std::vector<int> iota(int count) {
  std::vector<int> values(static_cast<std::size_t>(count));
  std::iota(values.begin(), values.end(), 0);
  return values;
}

TEST(SimtTest, BarrierMakesSharedMemoryVisible) {
  for (const bool dynamic : {false, true}) {
    std::vector<int> data = iota(256);
    if (dynamic) {
      run(reverse_dynamic, 1, 256, 256 * sizeof(int), data.data());
    } else {
      run(reverse_static, 1, 256, 0, data.data(), true);
    }
    for (int i = 0; i < 256; ++i) EXPECT_EQ(data[static_cast<std::size_t>(i)], 255 - i);
  }
}

__global__ void half_a_barrier(bool returns) {
  if (returns && threadIdx.x == 40) return;
  if (threadIdx.x != 40) __syncthreads();
}

TEST(SimtTest, FindsABarrierThatSomeThreadsDoNotReach) {
  for (const bool returns : {false, true}) {
    EXPECT_VIOLATION(violation(half_a_barrier, 1, 64, 0, returns),
                     "waits at a __syncthreads that thread (40,0,0)");
  }
}

__global__ void barrier_of_one_lane() {
  if (threadIdx.x == 3) {
    __syncwarp();
  } else {
    __syncthreads();
  }
}

TEST(SimtTest, FindsAWarpBarrierThatSomeLanesDoNotReach) {
  EXPECT_VIOLATION(violation(barrier_of_one_lane, 1, 64, 0), "thread (3,0,0)");
}

TEST(SimtTest, FindsAReadWithNoBarrierAfterTheWrite) {
  if (!kSeesAccesses) GTEST_SKIP() << "AddressSanitizer's build does not see accesses";
  std::vector<int> data = iota(256);
  // Thread 128 is the first whose partner has written.
  EXPECT_VIOLATION(violation(reverse_static, 1, 256, 0, data.data(), false), "reads");
}

// Each thread reads its neighbour's value and then overwrites its own.
__global__ void shift(int* data, bool second_barrier) {
  __shared__ int tile[64];
  tile[threadIdx.x] = data[threadIdx.x];
  __syncthreads();
  const int neighbour = tile[(threadIdx.x + 1) % 64];
  if (second_barrier) __syncthreads();
  tile[threadIdx.x] = neighbour;
  __syncthreads();
  data[threadIdx.x] = tile[threadIdx.x];
}

TEST(SimtTest, FindsAWriteWithNoBarrierAfterTheRead) {
  if (!kSeesAccesses) GTEST_SKIP() << "AddressSanitizer's build does not see accesses";
  std::vector<int> data = iota(64);
  EXPECT_EQ(violation(shift, 1, 64, 0, data.data(), true), "");
  EXPECT_EQ(data[63], 0);
  EXPECT_VIOLATION(violation(shift, 1, 64, 0, data.data(), false),
                   "overwrites what was read by thread");
}

// Odd lanes take the value of the even lane before them.
__global__ void copy_in_warp(int* data, int how) {
  __shared__ int tile[32];
  tile[threadIdx.x] = data[threadIdx.x];
  if (how == 1) __syncwarp();
  if (how == 2) __shfl_sync(0xffffffffu, 0, 0);
  data[threadIdx.x] = tile[threadIdx.x / 2 * 2];
}

TEST(SimtTest, WarpBarrierOrdersAShuffleDoesNot) {
  if (!kSeesAccesses) GTEST_SKIP() << "AddressSanitizer's build does not see accesses";
  std::vector<int> data = iota(32);
  EXPECT_EQ(violation(copy_in_warp, 1, 32, 0, data.data(), 1), "");
  EXPECT_EQ(data[31], 30);
  EXPECT_VIOLATION(violation(copy_in_warp, 1, 32, 0, data.data(), 0), "reads what was written");
  EXPECT_VIOLATION(violation(copy_in_warp, 1, 32, 0, data.data(), 2), "reads what was written");
}

// __syncwarp of both warps does not order one with the other.
__global__ void exchange_between_warps(int* data) {
  __shared__ int tile[64];
  tile[threadIdx.x] = data[threadIdx.x];
  __syncwarp();
  data[threadIdx.x] = tile[63 - threadIdx.x];
}

TEST(SimtTest, WarpBarrierOrdersOnlyItsWarp) {
  if (!kSeesAccesses) GTEST_SKIP() << "AddressSanitizer's build does not see accesses";
  std::vector<int> data = iota(64);
  EXPECT_VIOLATION(violation(exchange_between_warps, 1, 64, 0, data.data()), "reads");
}

__global__ void read_unwritten(int* data) {
  __shared__ int tile[33];
  if (threadIdx.x > 0) tile[threadIdx.x] = 1;
  __syncthreads();
  data[threadIdx.x] = tile[31 - threadIdx.x];
}

TEST(SimtTest, FindsAReadOfSharedMemoryThatNothingWrote) {
  if (!kSeesAccesses) GTEST_SKIP() << "AddressSanitizer's build does not see accesses";
  std::vector<int> data = iota(32);
  EXPECT_VIOLATION(violation(read_unwritten, 1, 32, 0, data.data()), "no thread of the block");
}

TEST(SimtTest, FindsSharedMemoryThatWasNotAskedFor) {
  if (!kSeesAccesses) GTEST_SKIP() << "AddressSanitizer's build does not see accesses";
  std::vector<int> data = iota(256);
  EXPECT_VIOLATION(violation(reverse_dynamic, 1, 256, 255 * sizeof(int), data.data()),
                   "goes past the 1020 bytes");
}

// ---- global memory ------------------------------------------------------------------------------

__global__ void all_write(int* data, int stride) {
  data[blockIdx.x * static_cast<unsigned>(stride)] = 1;
}

TEST(SimtTest, FindsBlocksThatWriteTheSameElement) {
  if (!kSeesAccesses) GTEST_SKIP() << "AddressSanitizer's build does not see accesses";
  std::vector<int> data = iota(4);
  EXPECT_EQ(violation(all_write, 4, 1, 0, data.data(), 1), "");
  EXPECT_VIOLATION(violation(all_write, 4, 1, 0, data.data(), 0), "written by thread 0 of block 0");
}

__global__ void neighbours_write_bytes(uint8_t* data) { data[threadIdx.x] = 1; }

TEST(SimtTest, NeighbouringBytesAreApart) {
  std::vector<uint8_t> data(64);
  EXPECT_EQ(violation(neighbours_write_bytes, 1, 64, 0, data.data()), "");
}

__global__ void count(int* total) { atomicAdd(total, 1); }

TEST(SimtTest, AtomicsNeedNoBarrier) {
  int total = 0;
  run(count, 3, 64, 0, &total);
  EXPECT_EQ(total, 192);
}

// ---- warps --------------------------------------------------------------------------------------

__global__ void warp_sums(float* data) {
  float x = data[threadIdx.x];
  for (int lanes = 16; lanes > 0; lanes /= 2) x += __shfl_xor_sync(0xffffffffu, x, lanes);
  data[threadIdx.x] = x;
}

TEST(SimtTest, ShufflesStayInTheirWarp) {
  std::vector<float> data(64, 1.0f);
  data[40] = 5;
  run(warp_sums, 1, 64, 0, data.data());
  EXPECT_EQ(data[0], 32);
  EXPECT_EQ(data[63], 36);
}

// Two halves of a warp take different paths, each with a mask of its own.
__global__ void diverge(unsigned* out) {
  const unsigned lane = threadIdx.x;
  if (lane < 16) {
    out[lane] = __ballot_sync(0x0000ffffu, lane % 2 == 0);
  } else {
    out[lane] = __shfl_down_sync(0xffff0000u, lane, 1 - lane / 31);
  }
}

TEST(SimtTest, CollectivesOfPartsOfAWarp) {
  std::vector<unsigned> out(32);
  run(diverge, 1, 32, 0, out.data());
  EXPECT_EQ(out[0], 0x5555u);
  EXPECT_EQ(out[16], 17u);
  EXPECT_EQ(out[31], 31u);
}

__global__ void shuffle_from_outside(unsigned* out) {
  if (threadIdx.x < 16) out[threadIdx.x] = __shfl_sync(0x0000ffffu, threadIdx.x, 20);
}

TEST(SimtTest, FindsAShuffleFromALaneThatTakesNoPart) {
  std::vector<unsigned> out(32);
  EXPECT_VIOLATION(violation(shuffle_from_outside, 1, 32, 0, out.data()), "not in the mask");
}

__global__ void return_early(float* data) {
  if (threadIdx.x == 5) return;
  data[threadIdx.x] = __shfl_xor_sync(0xffffffffu, 1.0f, 1);
}

TEST(SimtTest, FindsAShuffleThatALaneLeft) {
  std::vector<float> data(32);
  EXPECT_VIOLATION(violation(return_early, 1, 32, 0, data.data()), "does not reach");
  data.resize(20);
  EXPECT_VIOLATION(violation(warp_sums, 1, 20, 0, data.data()), "which its warp has not");
}

// ---- limits -------------------------------------------------------------------------------------

__global__ void nothing() {}

TEST(SimtTest, FindsLaunchesThatNoDeviceTakes) {
  EXPECT_VIOLATION(violation(nothing, 1, 1025, 0), "a block of 1025x1x1");
  EXPECT_VIOLATION(violation(nothing, dim3(1, 65536), 32, 0), "a grid of 1x65536x1");
  EXPECT_VIOLATION(violation(nothing, 0, 32, 0), "a grid of 0x1x1");
  EXPECT_VIOLATION(violation(nothing, 1, 32, 50000), "50000 bytes of dynamic shared memory");
  EXPECT_EQ(cudaFuncSetAttribute(nothing, cudaFuncAttributeMaxDynamicSharedMemorySize, 50000),
            cudaSuccess);
  EXPECT_EQ(violation(nothing, 1, 32, 50000), "");
  EXPECT_THROW(cudaFuncSetAttribute(nothing, cudaFuncAttributeMaxDynamicSharedMemorySize, 300000),
               simt::Violation);
}

}  // namespace
