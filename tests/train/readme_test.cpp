// The code that the README shows is code that is compiled and run.
#include <gtest/gtest.h>

#include "base/file.h"

namespace lathe {
namespace {

TEST(Readme, ShowsTheTrainingLoopAsItIsCompiled) {
  const std::string readme = read_file("README.md");
  const std::string fence = "```cpp\n";
  const auto begin = readme.find(fence);
  ASSERT_NE(begin, std::string::npos);
  const auto end = readme.find("\n```", begin);
  const std::string shown = readme.substr(begin + fence.size(), end - begin - fence.size());
  EXPECT_GT(shown.size(), 1000u);
  EXPECT_NE(read_file("examples/training_loop.cpp").find(shown), std::string::npos);
}

}  // namespace
}  // namespace lathe
