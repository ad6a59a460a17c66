// Tests that need a GPU: skipped, saying why, where there is none.
#pragma once

#include <gtest/gtest.h>

#include "kernels/device.h"

namespace lathe::testing {

class GpuTest : public ::testing::Test {
 protected:
  static Device* gpu() { return cuda_device(); }
  void SetUp() override {
    if (gpu() == nullptr) GTEST_SKIP() << "no GPU: " << why_no_cuda();
  }
};

}  // namespace lathe::testing
