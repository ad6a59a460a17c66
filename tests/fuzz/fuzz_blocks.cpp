#include <cstddef>
#include <cstdint>

#include "tests/fuzz/file_targets.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, std::size_t size) {
  lathe::fuzz::blocks_target({reinterpret_cast<const char*>(data), size});
  return 0;
}
