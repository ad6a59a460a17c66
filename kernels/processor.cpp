#include "kernels/processor.h"

#include <cpuid.h>
#include <sys/syscall.h>
#include <unistd.h>

namespace lathe {

namespace {

// Bits of the processor's answers (Intel's manual, volume 2A, CPUID).
constexpr unsigned kAmxBfloat16 = 1u << 22, kAmxTile = 1u << 24;  // leaf 7, subleaf 0, EDX
constexpr unsigned kAvx512Bfloat16 = 1u << 5;                     // leaf 7, subleaf 1, EAX

// Linux gives the eight kilobytes of matrix registers only to programs that ask
// (Documentation/arch/x86/xstate.rst); older systems know no such question and have none to give.
bool system_grants_matrix_registers() {
  constexpr long kRequestPermission = 0x1023;  // ARCH_REQ_XCOMP_PERM
  constexpr long kTileData = 18;               // XFEATURE_XTILEDATA
  return syscall(SYS_arch_prctl, kRequestPermission, kTileData) == 0;
}

bool has_avx512_bf16() {
  unsigned eax = 0, ebx = 0, ecx = 0, edx = 0;
  return __get_cpuid_count(7, 1, &eax, &ebx, &ecx, &edx) != 0 && (eax & kAvx512Bfloat16) != 0;
}

bool has_amx() {
  unsigned eax = 0, ebx = 0, ecx = 0, edx = 0;
  return __get_cpuid_count(7, 0, &eax, &ebx, &ecx, &edx) != 0 && (edx & kAmxBfloat16) != 0 &&
         (edx & kAmxTile) != 0;
}

}  // namespace

// The compiler's answers cover the operating system too: no AVX where it does not save the
// registers. Every processor with the features asked for has the others.
bool processor_runs_avx2() {
  return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma") &&
         __builtin_cpu_supports("bmi") && __builtin_cpu_supports("bmi2");
}

bool processor_runs_avx512() {
  return processor_runs_avx2() && __builtin_cpu_supports("avx512f") &&
         __builtin_cpu_supports("avx512cd") && __builtin_cpu_supports("avx512bw") &&
         __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512vl");
}

bool processor_runs_avx512_bf16() { return processor_runs_avx512() && has_avx512_bf16(); }

bool multiplies_bfloat16s_faster() { return __builtin_cpu_is("amd") != 0; }

bool processor_runs_amx() {
  static const bool runs =
      processor_runs_avx512_bf16() && has_amx() && system_grants_matrix_registers();
  return runs;
}

}  // namespace lathe
