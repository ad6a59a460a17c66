#include <cstddef>
#include <cstdint>

#include "tests/fuzz/tokenizer_targets.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, std::size_t size) {
  lathe::fuzz::tokenizer_json_target({reinterpret_cast<const char*>(data), size});
  return 0;
}
