#include "tokenize/stretches.h"

namespace lathe {

// One function per instruction set, each from its own build of tokenize/cpu/find_stretches.cpp.
namespace cpu {
namespace baseline {
void find_stretches(const char*, std::size_t, uint32_t, bool, Stretches&);
}
namespace avx2 {
void find_stretches(const char*, std::size_t, uint32_t, bool, Stretches&);
}
namespace avx512 {
void find_stretches(const char*, std::size_t, uint32_t, bool, Stretches&);
}
}  // namespace cpu

std::vector<NamedFindStretches> available_find_stretches() {
  std::vector<NamedFindStretches> found{{"baseline", cpu::baseline::find_stretches}};
  // The features that the compiler uses unasked under -march=haswell and -march=skylake-avx512;
  // every processor with the ones asked for has the others.
  const bool avx2 = __builtin_cpu_supports("avx2") && __builtin_cpu_supports("popcnt") &&
                    __builtin_cpu_supports("bmi") && __builtin_cpu_supports("bmi2");
  if (avx2) found.push_back({"avx2", cpu::avx2::find_stretches});
  if (avx2 && __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
      __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512vl")) {
    found.push_back({"avx512", cpu::avx512::find_stretches});
  }
  return found;
}

FindStretches find_stretches() {
  static const FindStretches fastest = available_find_stretches().back().find;
  return fastest;
}

}  // namespace lathe
