#include "bench/support/peaks.h"

#include <algorithm>
#include <chrono>
#include <cstring>
#include <limits>
#include <vector>

namespace lathe::bench {
namespace {

// Of many runs within 20 milliseconds.
template <class Work>
double best_seconds(const Work& work) {
  using Clock = std::chrono::steady_clock;
  double best = std::numeric_limits<double>::max();
  const Clock::time_point deadline = Clock::now() + std::chrono::milliseconds(20);
  for (Clock::time_point start = Clock::now(), end = start; start < deadline; start = end) {
    work();
    end = Clock::now();
    best = std::min(best, std::chrono::duration<double>(end - start).count());
  }
  return best;
}

constexpr int64_t kSteps = 2000;
constexpr int64_t kChains = 12;  // more than latency times units, which is 8 to 10

// Assembly, because a compiler would see that nobody needs the results. The chains hold numbers
// that stay near 1: denormals would be slow, and zeros draw less power than real work.

#if defined(__x86_64__)

void run_chains_baseline() {
  const float one = 1.0f;
  int64_t steps = kSteps;
  asm volatile(
      "xorps %%xmm13, %%xmm13\n\t"
      "movss %[one], %%xmm12\n\t"
      "shufps $0, %%xmm12, %%xmm12\n\t"
      ".irp i, 0,1,2,3,4,5,6,7,8,9,10,11\n\t movaps %%xmm12, %%xmm\\i\n\t .endr\n\t"
      "1:\n\t"
      ".irp i, 0,2,4,6,8,10\n\t mulps %%xmm12, %%xmm\\i\n\t .endr\n\t"
      ".irp i, 1,3,5,7,9,11\n\t addps %%xmm13, %%xmm\\i\n\t .endr\n\t"
      "dec %[steps]\n\t"
      "jnz 1b"
      : [steps] "+r"(steps)
      : [one] "m"(one)
      : "cc", "xmm0", "xmm1", "xmm2", "xmm3", "xmm4", "xmm5", "xmm6", "xmm7", "xmm8", "xmm9",
        "xmm10", "xmm11", "xmm12", "xmm13");
}

void run_chains_avx2() {
  const float half = 0.5f;
  int64_t steps = kSteps;
  asm volatile(
      "vbroadcastss %[half], %%ymm12\n\t"
      ".irp i, 0,1,2,3,4,5,6,7,8,9,10,11\n\t vmovaps %%ymm12, %%ymm\\i\n\t .endr\n\t"
      "1:\n\t"
      ".irp i, 0,1,2,3,4,5,6,7,8,9,10,11\n\t vfmadd213ps %%ymm12, %%ymm12, %%ymm\\i\n\t .endr\n\t"
      "dec %[steps]\n\t"
      "jnz 1b\n\t"
      "vzeroupper"
      : [steps] "+r"(steps)
      : [half] "m"(half)
      : "cc", "xmm0", "xmm1", "xmm2", "xmm3", "xmm4", "xmm5", "xmm6", "xmm7", "xmm8", "xmm9",
        "xmm10", "xmm11", "xmm12");
}

void run_chains_avx512() {
  const float half = 0.5f;
  int64_t steps = kSteps;
  asm volatile(
      "vbroadcastss %[half], %%zmm12\n\t"
      ".irp i, 0,1,2,3,4,5,6,7,8,9,10,11\n\t vmovaps %%zmm12, %%zmm\\i\n\t .endr\n\t"
      "1:\n\t"
      ".irp i, 0,1,2,3,4,5,6,7,8,9,10,11\n\t vfmadd213ps %%zmm12, %%zmm12, %%zmm\\i\n\t .endr\n\t"
      "dec %[steps]\n\t"
      "jnz 1b\n\t"
      "vzeroupper"
      : [steps] "+r"(steps)
      : [half] "m"(half)
      : "cc", "xmm0", "xmm1", "xmm2", "xmm3", "xmm4", "xmm5", "xmm6", "xmm7", "xmm8", "xmm9",
        "xmm10", "xmm11", "xmm12");
}

// Sums of small numbers: they grow by less than the sum's last bit after a while and stay finite.
void run_chains_avx512_bf16() {
  const uint32_t halves = 0x3f003f00;
  int64_t steps = kSteps;
  asm volatile(
      "vpbroadcastd %[halves], %%zmm12\n\t"
      ".irp i, 0,1,2,3,4,5,6,7,8,9,10,11\n\t vmovaps %%zmm12, %%zmm\\i\n\t .endr\n\t"
      "1:\n\t"
      ".irp i, 0,1,2,3,4,5,6,7,8,9,10,11\n\t vdpbf16ps %%zmm12, %%zmm12, %%zmm\\i\n\t .endr\n\t"
      "dec %[steps]\n\t"
      "jnz 1b\n\t"
      "vzeroupper"
      : [steps] "+r"(steps)
      : [halves] "m"(halves)
      : "cc", "xmm0", "xmm1", "xmm2", "xmm3", "xmm4", "xmm5", "xmm6", "xmm7", "xmm8", "xmm9",
        "xmm10", "xmm11", "xmm12");
}

// A product of 16 x 32 by 32 x 16 bfloat16s an instruction. The operands have random bits, as those
// of real work have: with zeros or ones the processor need not slow down to keep cool.
constexpr int64_t kMatrixChains = 4;
constexpr double kMatrixFlops = 2.0 * 16 * 32 * 16;
constexpr double kProductsOfPieces = 6;  // that make one of floats (kernels/cpu/amx/gemm_tile.cpp)

void run_chains_amx() {
  struct alignas(64) {
    uint8_t palette = 1, start_row = 0, reserved[14] = {};
    uint16_t row_bytes[16] = {64, 64, 64, 64, 64, 64, 64, 64};
    uint8_t rows[16] = {16, 16, 16, 16, 16, 16, 16, 16};
  } configuration;
  alignas(64) uint16_t numbers[16 * 32];
  uint32_t state = 1;
  for (uint16_t& number : numbers) {
    state = state * 1664525u + 1013904223u;
    number = static_cast<uint16_t>(0x3f00 | (state >> 24 & 0x7f) | (state >> 16 & 0x8000));
  }
  int64_t steps = kSteps;
  asm volatile(
      "ldtilecfg %[configuration]\n\t"
      ".irp i, 0,1,2,3\n\t tilezero %%tmm\\i\n\t .endr\n\t"
      ".irp i, 4,5,6,7\n\t tileloadd (%[numbers],%[row],1), %%tmm\\i\n\t .endr\n\t"
      "1:\n\t"
      "tdpbf16ps %%tmm6, %%tmm4, %%tmm0\n\t"
      "tdpbf16ps %%tmm7, %%tmm4, %%tmm1\n\t"
      "tdpbf16ps %%tmm6, %%tmm5, %%tmm2\n\t"
      "tdpbf16ps %%tmm7, %%tmm5, %%tmm3\n\t"
      "dec %[steps]\n\t"
      "jnz 1b\n\t"
      "tilerelease"
      : [steps] "+r"(steps)
      : [configuration] "m"(configuration), [numbers] "r"(numbers), [row] "r"(int64_t{64})
      : "cc", "memory");
}

#endif

}  // namespace

double arithmetic_peak(const std::string& backend, [[maybe_unused]] bool bfloat16) {
#if defined(__x86_64__)
  constexpr double kInstructions = kSteps * kChains;
  if (backend == "baseline") return 4 * kInstructions / best_seconds(run_chains_baseline);
  if (backend == "avx2") return 16 * kInstructions / best_seconds(run_chains_avx2);
  if (backend == "amx") {
    const double flops = kMatrixFlops * kMatrixChains * kSteps / best_seconds(run_chains_amx);
    return bfloat16 ? flops : flops / kProductsOfPieces;
  }
  if (backend == "avx512_bf16" && bfloat16)
    return 64 * kInstructions / best_seconds(run_chains_avx512_bf16);
  if (backend == "avx512" || backend == "avx512_bf16")
    return 32 * kInstructions / best_seconds(run_chains_avx512);
#endif
  return 0;
}

double copy_peak(int64_t bytes, int threads) {
  const int64_t share = bytes / 2 / threads;
  const auto half = static_cast<std::size_t>(share * threads);
  std::vector<char> from(half, 1), to(half);
  const double best = best_seconds([&] {
#pragma omp parallel for num_threads(threads) if (threads > 1)
    for (int thread = 0; thread < threads; ++thread) {
      char* const part = to.data() + share * thread;
      std::memcpy(part, from.data() + share * thread, static_cast<std::size_t>(share));
      asm volatile("" : : "r"(part) : "memory");
    }
  });
  return 2 * static_cast<double>(half) / best;
}

}  // namespace lathe::bench
