// Does every piece of work in turn inside of guarded_work(), whose instructions
// scripts/guards.sh has counted.
//
//   guards          does them, and names each on a line
//   guards --about  the compiler of this program, as the table of counts names it, and whether this
//                   processor runs the backend that is counted: avx2, the widest that Valgrind
//                   knows
#include <cstdio>
#include <string>

#include "kernels/kernels.h"
#include "tests/guards/guards.h"

namespace {

#if defined(__clang__)
constexpr const char* kCompiler = "clang";
constexpr int kCompilerVersion = __clang_major__;
#else
constexpr const char* kCompiler = "gcc";
constexpr int kCompilerVersion = __GNUC__;
#endif

void print_about() {
  bool runs_avx2 = false;
  for (const lathe::Kernels* const* k = lathe::available_cpu_kernels(); *k != nullptr; ++k) {
    runs_avx2 |= std::string((*k)->name) == "avx2";
  }
  std::printf("%s-%d %s\n", kCompiler, kCompilerVersion, runs_avx2 ? "avx2" : "none");
}

}  // namespace

// What is called from here is counted. The compiler may not make it part of main().
extern "C" __attribute__((noinline)) void guarded_work(const std::function<void()>& work) {
  work();
  asm volatile(
      "");  // so that the call is not the last thing done, and guarded_work() not left by it
}

int main(int argc, char** argv) {
  if (argc == 2 && std::string(argv[1]) == "--about") {
    print_about();
    return 0;
  }
  for (const auto& guards : {lathe::testing::kernel_guards(), lathe::testing::data_guards()}) {
    for (const lathe::testing::Guard& guard : guards) {
      const std::function<void()> work = guard.prepare();
      if (guard.again) work();
      guarded_work(work);
      std::printf("%s\n", guard.name.c_str());
    }
  }
}
