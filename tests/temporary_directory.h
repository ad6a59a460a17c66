// A directory of a test's own, removed with everything in it.
#pragma once

#include <string>

namespace lathe::testing {

class TemporaryDirectory {
 public:
  TemporaryDirectory();
  ~TemporaryDirectory();
  TemporaryDirectory(const TemporaryDirectory&) = delete;
  TemporaryDirectory& operator=(const TemporaryDirectory&) = delete;

  const std::string& path() const { return path_; }
  std::string file(const std::string& name) const { return path_ + "/" + name; }
  int entries() const;  // files and directories directly in it

 private:
  std::string path_;
};

// The message of the lathe::Error that `action` throws; a failure of the test and "" when it throws
// none.
template <class Action>
std::string error_of(Action action);

}  // namespace lathe::testing

#include <gtest/gtest.h>

#include "base/error.h"

template <class Action>
std::string lathe::testing::error_of(Action action) {
  try {
    action();
  } catch (const Error& error) {
    const std::string message = error.what();
    EXPECT_EQ(message.find('\n'), std::string::npos) << "not one line: " << message;
    return message;
  }
  ADD_FAILURE() << "no Error was thrown";
  return {};
}
