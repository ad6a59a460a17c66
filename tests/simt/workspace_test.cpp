// The working memory of launches: taken again by the next, kept where a graph may have its address.
#include <cuda_runtime.h>
#include <gtest/gtest.h>

#include <cmath>
#include <cstdlib>
#include <memory>
#include <string>

#include "base/error.h"
#include "kernels/cuda/device.h"
#include "kernels/cuda/gpu.h"
#include "tensor/buffer.h"
#include "tensor/graph.h"

namespace lathe::cuda_emulated {
namespace {

class WorkspaceTest : public ::testing::Test {
 protected:
  std::unique_ptr<Device> gpu = make_gpu(0);  // with a stream that has had nothing

  void* place_of(int64_t bytes) const { return Workspace(bytes, gpu->stream(), "test").data(); }
};

TEST_F(WorkspaceTest, IsTakenAgain) {
  void* const first = place_of(1000);
  EXPECT_EQ(place_of(10), first);
  const Workspace outer(300, gpu->stream(), "test");
  EXPECT_EQ(outer.data(), first);
  void* const second = place_of(10);
  EXPECT_GE(static_cast<char*>(second), static_cast<char*>(first) + 300);
  EXPECT_EQ(reinterpret_cast<uintptr_t>(second) % 256, 0u);
  EXPECT_EQ(place_of(500), second);
}

TEST_F(WorkspaceTest, IsOneStreamsOwn) {
  const std::unique_ptr<Device> other = make_gpu(0);
  EXPECT_NE(Workspace(10, other->stream(), "test").data(), place_of(10));
}

// Two pieces at a time, of which the second does not fit beside the first: when they come again
// both do, and what is smaller lies there too.
TEST_F(WorkspaceTest, GrowsOnceForEverythingThatIsTakenAtATime) {
  constexpr int64_t kLarge = 900 << 10;
  void* places[2][2] = {};
  for (auto& [first, second] : places) {
    const Workspace outer(kLarge, gpu->stream(), "test");
    const Workspace inner(kLarge, gpu->stream(), "test");
    first = outer.data(), second = inner.data();
    EXPECT_GE(std::abs(static_cast<char*>(first) - static_cast<char*>(second)), kLarge);
  }
  EXPECT_NE(places[0][0], places[1][0]);
  EXPECT_EQ(places[0][1], places[1][0]);  // where the larger block begins
  EXPECT_EQ(place_of(3 * kLarge / 2), places[1][0]);
}

__global__ void read_and_write(float* memory, float* seen) {
  seen[threadIdx.x] = memory[threadIdx.x];
  memory[threadIdx.x] = 1;
}

// What a graph was captured with stays its own, even when the stream has grown since. Nothing of
// what was there before can be read.
TEST_F(WorkspaceTest, StaysWhereAGraphHasIt) {
  const Stream stream = gpu->stream();
  Buffer seen(4 * 32, "a test", *gpu);
  const auto ask = [&] {
    const Workspace memory(4 * 32, stream, "test");
    launch("test", read_and_write, 1, 32, 0, stream, memory.floats(),
           static_cast<float*>(static_cast<void*>(seen.data())));
  };
  ask();
  Graph graph(*gpu, ask);
  place_of(8 << 20);  // which makes it grow
  for (int launch = 0; launch < 2; ++launch) {
    graph.launch();
    float values[32] = {};
    gpu->download(values, seen.data(), sizeof values);
    for (const float value : values) EXPECT_TRUE(std::isnan(value));
  }
}

TEST_F(WorkspaceTest, CannotGrowWhileItsStreamIsCaptured) {
  std::string found;
  try {
    const Graph graph(*gpu, [&] { place_of(10); });
  } catch (const Error& error) {
    found = error.what();
  }
  EXPECT_EQ(found, "CUDA: test: operation not permitted when stream is capturing");
}

}  // namespace
}  // namespace lathe::cuda_emulated
