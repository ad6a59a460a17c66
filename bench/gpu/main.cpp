// What this machine's GPU does in a second: the kernels on the shapes of BERT-base, checked before
// they are timed, and whole training steps. Prints a table; with a path, writes the figures there
// as JSON, as far as they are. Without a GPU it says so in a line and exits with 1, and so it does
// after everything else when a kernel was wrong.
//   bench [RESULTS.json [products] [attention] [memory] [steps]]     all of them if none is named
#include <algorithm>
#include <cstdio>
#include <exception>
#include <string>
#include <vector>

#include "base/error.h"
#include "bench/gpu/report.h"

namespace lathe::bench {
namespace {

std::vector<Part> parts_of(const std::vector<std::string>& names) {
  if (names.empty()) return {std::begin(kParts), std::end(kParts)};
  std::vector<Part> parts;
  for (const std::string& name : names) {
    const auto found = std::find_if(std::begin(kParts), std::end(kParts),
                                    [&](const Part& part) { return name == part.name; });
    if (found == std::end(kParts)) {
      fail("'", name, "': expected products, attention, memory or steps");
    }
    parts.push_back(*found);
  }
  return parts;
}

int run(const std::string& path, const std::vector<Part>& parts) {
  Device* gpu = cuda_device();
  if (gpu == nullptr) {
    std::fprintf(stderr, "lathe: this needs a GPU, and there is none: %s\n", why_no_cuda());
    return 1;
  }
  std::setvbuf(stdout, nullptr, _IOLBF, 0);  // what is known is kept if the rest takes too long
  std::printf("%s\n", gpu->description().c_str());
  Report report(*gpu, GpuSuite(), path);
  for (const Part& part : parts) part.add(report);
  if (report.wrong() == 0) return 0;
  std::fprintf(stderr, "lathe: %d kernels are wrong, see above\n", report.wrong());
  return 1;
}

}  // namespace
}  // namespace lathe::bench

int main(int argc, char** argv) {
  try {
    const std::vector<std::string> names(argv + std::min(argc, 2), argv + argc);
    return lathe::bench::run(argc > 1 ? argv[1] : "", lathe::bench::parts_of(names));
  } catch (const std::exception& error) {
    std::fprintf(stderr, "lathe: %s\n", error.what());
    return 1;
  }
}
