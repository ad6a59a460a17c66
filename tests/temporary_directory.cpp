#include "tests/temporary_directory.h"

#include <cstdlib>
#include <filesystem>
#include <iterator>

namespace lathe::testing {

TemporaryDirectory::TemporaryDirectory() {
  path_ = (std::filesystem::temp_directory_path() / "lathe-test-XXXXXX").string();
  if (mkdtemp(path_.data()) == nullptr) fail("no temporary directory");
}

TemporaryDirectory::~TemporaryDirectory() {
  std::error_code ignored;
  std::filesystem::remove_all(path_, ignored);
}

int TemporaryDirectory::entries() const {
  std::filesystem::directory_iterator begin(path_);
  return static_cast<int>(std::distance(begin, std::filesystem::directory_iterator()));
}

}  // namespace lathe::testing
