// The emulated GPU that tests share, and what a test starts from that looks at the host's part.
#pragma once

#include <cuda_runtime.h>
#include <gtest/gtest.h>

#include <memory>

#include "kernels/cuda/gpu.h"

namespace lathe::testing {

inline Device& emulated_gpu() {
  static const std::unique_ptr<Device> device = cuda_emulated::make_gpu(0);
  return *device;
}

// Work is done as late as a GPU may do it: when somebody waits for it.
class LateGpuTest : public ::testing::Test {
 protected:
  void SetUp() override { simt::put_off_work(true); }
  void TearDown() override { simt::put_off_work(false); }
  static Device& gpu() { return emulated_gpu(); }
};

}  // namespace lathe::testing
