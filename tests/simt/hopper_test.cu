// What the emulator has of Hopper: copies of tiles, barriers that count bytes, products of a
// warpgroup; and each mistake with them once.
#include <cuda_runtime.h>
#include <gtest/gtest.h>

#include <cmath>
#include <string>
#include <vector>

#include "kernels/cuda/numbers.h"
#include "kernels/cuda/wgmma.h"

namespace lathe::cuda_emulated {
namespace {

constexpr int kWarpgroup = 128;

template <class Kernel, class... Arguments>
std::string violation_in_cluster(unsigned blocks, Kernel kernel, unsigned threads,
                                 const Arguments&... arguments) {
  try {
    allow_shared_memory(kernel, 5 * kTileBytes, "test");
    launch_clusters("test", kernel, blocks, blocks, threads, 5 * kTileBytes, nullptr, arguments...);
  } catch (const simt::Violation& found) {
    return found.what();
  }
  return "";
}

template <class Kernel, class... Arguments>
std::string violation(Kernel kernel, unsigned threads, const Arguments&... arguments) {
  return violation_in_cluster(1, kernel, threads, arguments...);
}

void expect_violation(const std::string& found, const std::string& part) {
  EXPECT_NE(found.find(part), std::string::npos)
      << "found: " << (found.empty() ? "nothing" : found) << "; not: " << part;
}

// Rows of `ld` small whole numbers, which bfloat16s and their sums hold exactly.
std::vector<uint16_t> matrix_of(int rows, int ld) {
  std::vector<uint16_t> matrix(static_cast<std::size_t>(rows * ld));
  for (std::size_t i = 0; i < matrix.size(); ++i) {
    matrix[i] = simt::to_bf16(static_cast<float>(i * 7 % 23) - 11);
  }
  return matrix;
}

// Tiles in shared memory, a barrier behind them, and what everyone does first.
struct Shared {
  unsigned char* tiles = dynamic_shared<unsigned char>();
  Barrier* barrier = reinterpret_cast<Barrier*>(tiles + 4 * kTileBytes);

  explicit Shared(unsigned arrivals = 1) {
    if (threadIdx.x == 0) make_barrier(barrier, arrivals);
    barriers_made();
    __syncthreads();
  }
  unsigned char* tile(int i) const { return tiles + i * kTileBytes; }
};

// ---- copies -------------------------------------------------------------------------------------

__global__ void copy_one(const __grid_constant__ CUtensorMap matrix, int row, int column,
                         uint16_t* out) {
  const Shared shared;
  if (threadIdx.x == 0) {
    arrive_expecting(shared.barrier, kTileBytes);
    copy_tile(shared.tiles, matrix, row, column, shared.barrier);
  }
  wait_for(shared.barrier, 0);
  if (threadIdx.x != 0) return;
  std::memcpy(out, shared.tiles, kTileBytes);
}

TEST(HopperTest, ATileIsCopiedInSwizzledLinesWithZerosBeyondTheMatrix) {
  const int rows = 100, columns = 90, ld = 96;
  const std::vector<uint16_t> matrix = matrix_of(rows, ld);
  std::vector<uint16_t> tile(kTileSide * kTileSide);
  const CUtensorMap map = tiled_matrix(matrix.data(), rows, columns, ld);
  ASSERT_EQ(violation(copy_one, 32, map, 64, 40, tile.data()), "");
  for (int r = 0; r < kTileSide; ++r) {
    for (int c = 0; c < kTileSide; ++c) {
      const int row = 64 + r, column = 40 + c;
      const bool inside = row < rows && column < columns;
      const int at = r * kTileSide + (c / 8 ^ r % 8) * 8 + c % 8;
      ASSERT_EQ(tile[static_cast<std::size_t>(at)],
                inside ? matrix[static_cast<std::size_t>(row * ld + column)] : 0)
          << r << ", " << c;
    }
  }
}

TEST(HopperTest, AMatrixThatTheCopiesDoNotTakeIsRefused) {
  const std::vector<uint16_t> matrix = matrix_of(8, 72);
  EXPECT_THROW(tiled_matrix(matrix.data(), 8, 60, 65), std::runtime_error);      // rows apart
  EXPECT_THROW(tiled_matrix(matrix.data() + 1, 8, 60, 64), std::runtime_error);  // address
  EXPECT_THROW(tiled_matrix(matrix.data(), 0, 60, 64), std::runtime_error);      // nothing
}

__global__ void copy_twice(const __grid_constant__ CUtensorMap matrix) {
  const Shared shared;
  if (threadIdx.x != 0) return;
  arrive_expecting(shared.barrier, 2 * kTileBytes);
  copy_tile(shared.tiles, matrix, 0, 0, shared.barrier);
  copy_tile(shared.tiles, matrix, 64, 0, shared.barrier);
}

__global__ void copy_to_odd_place(const __grid_constant__ CUtensorMap matrix) {
  const Shared shared;
  if (threadIdx.x == 0) copy_tile(shared.tiles + 128, matrix, 0, 0, shared.barrier);
}

TEST(HopperTest, FindsTilesInEachOthersPlaceOrAcrossThePattern) {
  const std::vector<uint16_t> matrix = matrix_of(128, 64);
  const CUtensorMap map = tiled_matrix(matrix.data(), 128, 64, 64);
  expect_violation(violation(copy_twice, 32, map), "where another is under way");
  expect_violation(violation(copy_to_odd_place, 32, map), "not aligned to 1024");
}

// ---- barriers -----------------------------------------------------------------------------------

enum class Mistake { kNone, kTooFewBytes, kTooManyArrivals, kNoBarrier };

__global__ void use_barrier(const __grid_constant__ CUtensorMap matrix, Mistake mistake) {
  const Shared shared;
  if (threadIdx.x == 0) {
    copy_tile(shared.tiles, matrix, 0, 0, shared.barrier);
    arrive_expecting(shared.barrier, mistake == Mistake::kTooFewBytes ? 100 : kTileBytes);
    if (mistake == Mistake::kTooManyArrivals) arrive(shared.barrier);
  }
  wait_for(shared.barrier + (mistake == Mistake::kNoBarrier ? 1 : 0), 0);
}

TEST(HopperTest, FindsBarriersThatAreUsedWrongly) {
  const std::vector<uint16_t> matrix = matrix_of(64, 64);
  const CUtensorMap map = tiled_matrix(matrix.data(), 64, 64, 64);
  EXPECT_EQ(violation(use_barrier, 32, map, Mistake::kNone), "");
  expect_violation(violation(use_barrier, 32, map, Mistake::kTooFewBytes), "nothing comes");
  expect_violation(violation(use_barrier, 32, map, Mistake::kTooManyArrivals), "made for 1");
  expect_violation(violation(use_barrier, 32, map, Mistake::kNoBarrier), "nobody has made");
}

// Threads take turns: each waits for the phase that the one before it completes.
__global__ void take_turns(int* order) {
  const Shared shared;
  __shared__ int next;
  if (threadIdx.x == 0) next = 0;
  __syncthreads();
  const unsigned turn = 31 - threadIdx.x;
  for (unsigned phase = 0; phase < turn; ++phase) wait_for(shared.barrier, phase % 2);
  order[atomicAdd(&next, 1)] = static_cast<int>(threadIdx.x);
  arrive(shared.barrier);
}

TEST(HopperTest, PhasesOfABarrierFollowEachOther) {
  std::vector<int> order(32);
  ASSERT_EQ(violation(take_turns, 32, order.data()), "");
  for (int i = 0; i < 32; ++i) EXPECT_EQ(order[static_cast<std::size_t>(i)], 31 - i);
}

// ---- clusters -----------------------------------------------------------------------------------

class HopperClusterTest : public ::testing::Test {
 protected:
  void SetUp() override { simt::pretend_to_be({.compute_capability_major = 9}); }
  void TearDown() override { simt::pretend_to_be({}); }
};

// Each block has one tile brought to both, and gives back what it has to neither or the other.
__global__ void share_tiles(const __grid_constant__ CUtensorMap matrix, uint16_t* out) {
  const Shared shared;
  sync_cluster();
  const unsigned block = block_of_cluster();
  if (threadIdx.x == 0) {
    arrive_expecting(shared.barrier, 2 * kTileBytes);
    const int row = static_cast<int>(block) * kTileSide;
    copy_tile_to_blocks(shared.tile(static_cast<int>(block)), matrix, row, 0, shared.barrier, 3);
  }
  wait_for(shared.barrier, 0);
  __syncwarp();
  if (threadIdx.x == 0) std::memcpy(out + block * 2 * 4096, shared.tiles, 2 * kTileBytes);
  sync_cluster();
}

TEST_F(HopperClusterTest, ATileIsBroughtToEveryBlock) {
  const std::vector<uint16_t> matrix = matrix_of(128, 64);
  const CUtensorMap map = tiled_matrix(matrix.data(), 128, 64, 64);
  std::vector<uint16_t> tiles(4 * 4096);
  ASSERT_EQ(violation_in_cluster(2, share_tiles, kWarpgroup, map, tiles.data()), "");
  for (std::size_t i = 0; i < 2 * 4096; ++i) {
    const std::size_t line = i / 64, column = i % 64;
    const std::size_t at = line * 64 + (column / 8 ^ line % 8) * 8 + column % 8;
    ASSERT_EQ(tiles[at], matrix[i]) << i;
    ASSERT_EQ(tiles[2 * 4096 + at], matrix[i]) << i;
  }
}

// Blocks take turns by arriving at each other's barriers.
__global__ void play_ping_pong(int* order, int* next) {
  const Shared shared;
  sync_cluster();
  const unsigned block = block_of_cluster();
  if (threadIdx.x == 0) {
    for (unsigned turn = 0; turn < 3; ++turn) {
      if (turn > 0 || block == 1) wait_for(shared.barrier, block == 1 ? turn % 2 : turn % 2 ^ 1);
      order[atomicAdd(next, 1)] = static_cast<int>(block);
      arrive_in(shared.barrier, 1 - block);
    }
  }
  __syncwarp();
  sync_cluster();
}

TEST_F(HopperClusterTest, BlocksArriveAtEachOthersBarriers) {
  std::vector<int> order(6, -1);
  int next = 0;
  ASSERT_EQ(violation_in_cluster(2, play_ping_pong, kWarpgroup, order.data(), &next), "");
  EXPECT_EQ(order, (std::vector<int>{0, 1, 0, 1, 0, 1}));
}

enum class Fault { kEnded, kNoSuchBlock, kNotAllMeet, kStaticShared };

__global__ void misuse_cluster(Fault fault, int* out) {
  const Shared shared;
  sync_cluster();
  const bool first = block_of_cluster() == 0;
  if (fault == Fault::kEnded && !first) return;
  if (fault == Fault::kStaticShared) {
    __shared__ int place;
    if (threadIdx.x == 0) place = 1;
    __syncthreads();
    if (first) out[threadIdx.x] = place;
  }
  if (fault == Fault::kNotAllMeet && first) wait_for(shared.barrier, 0);
  if (fault == Fault::kNoSuchBlock && threadIdx.x == 0) arrive_in(shared.barrier, 2);
  sync_cluster();
  if (fault == Fault::kEnded && threadIdx.x == 0) arrive_in(shared.barrier, 1);
}

TEST_F(HopperClusterTest, FindsMistakesWithClusters) {
  std::vector<int> out(kWarpgroup);
  const auto found = [&](Fault fault) {
    return violation_in_cluster(2, misuse_cluster, kWarpgroup, fault, out.data());
  };
  expect_violation(found(Fault::kEnded), "that has ended");
  expect_violation(found(Fault::kNoSuchBlock), "its cluster has not");
  expect_violation(found(Fault::kNotAllMeet), "nothing comes");
#ifndef __SANITIZE_ADDRESS__
  expect_violation(found(Fault::kStaticShared), "uses __shared__");
#endif
}

__global__ void do_nothing() {}

TEST_F(HopperClusterTest, FindsLaunchesOfClustersThatNoDeviceTakes) {
  const auto found = [](unsigned cluster, unsigned blocks) {
    try {
      launch_clusters("test", do_nothing, cluster, blocks, kWarpgroup, 0, nullptr);
    } catch (const simt::Violation& violation) {
      return std::string(violation.what());
    }
    return std::string();
  };
  EXPECT_EQ(found(2, 4), "");
  expect_violation(found(2, 3), "clusters of 2");
  expect_violation(found(16, 16), "clusters of 16");
  simt::pretend_to_be({});  // no Hopper
  expect_violation(found(2, 4), "clusters of 2");
}

// ---- products -----------------------------------------------------------------------------------

enum class Slip {
  kNone,
  kNoWaitForTiles,
  kNoBegin,
  kNoWaitForProducts,
  kTilesGivenBackTooEarly,
  kLanesDiffer
};

constexpr int kColumns = 128;

// c [64, 128] = a [64, 64] b [64, 128], of tiles that lie in the given directions.
template <bool a_along_k, bool b_along_k>
__global__ void multiply(const __grid_constant__ CUtensorMap a,
                         const __grid_constant__ CUtensorMap b, Slip slip, float* c) {
  const Shared shared;
  const int thread = static_cast<int>(threadIdx.x);
  if (thread == 0) {
    arrive_expecting(shared.barrier, 3 * kTileBytes);
    copy_tile(shared.tile(0), a, 0, 0, shared.barrier);
    copy_tile(shared.tile(1), b, 0, 0, shared.barrier);
    copy_tile(shared.tile(2), b, b_along_k ? 64 : 0, b_along_k ? 0 : 64, shared.barrier);
  }
  __syncthreads();  // the tiles have been asked for
  if (slip != Slip::kNoWaitForTiles) wait_for(shared.barrier, 0);
  float sums[kColumns / 2] = {};
  if (slip != Slip::kNoBegin) begin_products();
  for (int k = 0; k < kTileSide; k += kProductDepth) {
    const int at = slip == Slip::kLanesDiffer && thread == 70 ? 0 : k;
    multiply_add_async<a_along_k, b_along_k, kColumns>(
        describe_factor<a_along_k>(shared.tile(0), at),
        describe_factor<b_along_k>(shared.tile(1), k), sums);
  }
  end_products();
  if (slip == Slip::kTilesGivenBackTooEarly && thread == 0) {
    arrive_expecting(shared.barrier, kTileBytes);
    copy_tile(shared.tile(2), b, 0, 0, shared.barrier);
  }
  if (slip == Slip::kNoWaitForProducts) {
    wait_for_products<1>();
  } else {
    wait_for_products<0>();
  }
  for (int j = 0; j < kColumns / 2; ++j) {
    const int row = thread / 32 * 16 + thread % 32 / 4 + j / 2 % 2 * 8;
    c[row * kColumns + j / 4 * 8 + thread % 4 * 2 + j % 2] = sums[j];
  }
}

struct Factors {
  std::vector<uint16_t> a = matrix_of(64, 64), b = matrix_of(128, 64),
                        b_across = matrix_of(64, 128);

  template <bool a_along_k, bool b_along_k>
  std::string multiplied(Slip slip, std::vector<float>& c) const {
    c.assign(64 * kColumns, 0.0f);
    return violation(multiply<a_along_k, b_along_k>, kWarpgroup, tiled_matrix(a.data(), 64, 64, 64),
                     b_along_k ? tiled_matrix(b.data(), 128, 64, 64)
                               : tiled_matrix(b_across.data(), 64, 128, 128),
                     slip, c.data());
  }
  template <bool a_along_k, bool b_along_k>
  float expected(int i, int j) const {
    float sum = 0;
    for (int k = 0; k < 64; ++k) {
      const auto a_at = static_cast<std::size_t>(a_along_k ? i * 64 + k : k * 64 + i);
      const auto b_at = static_cast<std::size_t>(b_along_k ? j * 64 + k : k * 128 + j);
      sum += simt::from_bf16(a[a_at]) * simt::from_bf16(b_along_k ? b[b_at] : b_across[b_at]);
    }
    return sum;
  }
};

template <bool a_along_k, bool b_along_k>
void expect_product() {
  const Factors factors;
  std::vector<float> c;
  const std::string found = factors.multiplied<a_along_k, b_along_k>(Slip::kNone, c);
  ASSERT_EQ(found, "");
  for (int i = 0; i < 64; ++i) {
    for (int j = 0; j < kColumns; ++j) {
      const float expected = factors.expected<a_along_k, b_along_k>(i, j);
      ASSERT_EQ(c[static_cast<std::size_t>(i * kColumns + j)], expected) << i << ", " << j;
    }
  }
}

TEST(HopperTest, AWarpgroupMultipliesTilesInEveryDirection) {
  expect_product<true, true>();
  expect_product<true, false>();
  expect_product<false, true>();
  expect_product<false, false>();
}

TEST(HopperTest, FindsProductsThatAreNotInOrder) {
  const Factors factors;
  std::vector<float> c;
  const auto found = [&](Slip slip) { return factors.multiplied<true, false>(slip, c); };
  expect_violation(found(Slip::kNoWaitForTiles), "that is not there yet");
  expect_violation(found(Slip::kNoBegin), "without begin_products()");
  expect_violation(found(Slip::kTilesGivenBackTooEarly), "where a product has yet to read");
  expect_violation(found(Slip::kLanesDiffer), "different products");
  EXPECT_EQ(found(Slip::kNoWaitForProducts), "");
  for (const float x : c) ASSERT_TRUE(std::isnan(x));  // what nobody waited for is not there
}

}  // namespace
}  // namespace lathe::cuda_emulated
