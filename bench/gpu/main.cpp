// What this machine's GPU does in a second: the kernels on the shapes of BERT-base, checked before
// they are timed, and whole training steps. Prints a table; with a path, writes the figures there
// as JSON, as far as they are. Without a GPU it says so in a line and exits with 1, and so it does
// after everything else when a kernel was wrong.
//   bench [RESULTS.json]
#include <cstdio>
#include <exception>

#include "bench/gpu/report.h"

namespace lathe::bench {
namespace {

int run(const char* path) {
  Device* gpu = cuda_device();
  if (gpu == nullptr) {
    std::fprintf(stderr, "lathe: this needs a GPU, and there is none: %s\n", why_no_cuda());
    return 1;
  }
  std::setvbuf(stdout, nullptr, _IOLBF, 0);  // what is known is kept if the rest takes too long
  std::printf("%s\n", gpu->description().c_str());
  Report report(*gpu, GpuSuite(), path);
  add_kernels(report);
  add_steps(report);
  if (report.wrong() == 0) return 0;
  std::fprintf(stderr, "lathe: %d kernels are wrong, see above\n", report.wrong());
  return 1;
}

}  // namespace
}  // namespace lathe::bench

int main(int argc, char** argv) {
  try {
    return lathe::bench::run(argc > 1 ? argv[1] : "");
  } catch (const std::exception& error) {
    std::fprintf(stderr, "lathe: %s\n", error.what());
    return 1;
  }
}
