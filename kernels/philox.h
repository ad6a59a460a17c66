// Philox4x32-10, a counter-based random number generator: a block cipher of 10 rounds that turns a
// 128-bit counter and a 64-bit key into four independent 32-bit words. No state: the word for any
// element can be drawn at any time, in any order, on any device. Source: Salmon, Moraes, Dror,
// Shaw, "Parallel Random Numbers: As Easy as 1, 2, 3" (SC 2011).
//
// `static`, because this header is compiled under several instruction sets: a shared inline
// definition would let the linker keep the one that an older processor cannot run.
#pragma once

#include <cstdint>

#include "kernels/host_device.h"

namespace lathe {

// Both halves of a product of 32 bits. On a GPU they are one instruction, which nvcc does not find.
struct PhiloxProduct {
  uint32_t low, high;
};
LATHE_DEVICE static inline PhiloxProduct philox_product(uint32_t a, uint32_t b) {
#ifdef __CUDA_ARCH__
  uint64_t product;
  asm("mul.wide.u32 %0, %1, %2;" : "=l"(product) : "r"(a), "r"(b));
#else
  const uint64_t product = uint64_t{a} * b;
#endif
  return {static_cast<uint32_t>(product), static_cast<uint32_t>(product >> 32)};
}

struct PhiloxWords {
  uint32_t word[4];
};

constexpr uint32_t kPhiloxMultiplier0 = 0xD2511F53u;
constexpr uint32_t kPhiloxMultiplier1 = 0xCD9E8D57u;
constexpr uint32_t kPhiloxWeyl0 = 0x9E3779B9u;  // golden ratio
constexpr uint32_t kPhiloxWeyl1 = 0xBB67AE85u;  // sqrt(3) - 1
constexpr int kPhiloxRounds = 10;

LATHE_DEVICE static inline PhiloxWords philox(uint64_t key, uint32_t c0, uint32_t c1, uint32_t c2,
                                              uint32_t c3) {
  uint32_t k0 = static_cast<uint32_t>(key);
  uint32_t k1 = static_cast<uint32_t>(key >> 32);
  for (int round = 0; round < kPhiloxRounds; ++round) {
    const PhiloxProduct product0 = philox_product(kPhiloxMultiplier0, c0);
    const PhiloxProduct product1 = philox_product(kPhiloxMultiplier1, c2);
    c0 = product1.high ^ c1 ^ k0;
    c1 = product1.low;
    c2 = product0.high ^ c3 ^ k1;
    c3 = product0.low;
    k0 += kPhiloxWeyl0;
    k1 += kPhiloxWeyl1;
  }
  return {{c0, c1, c2, c3}};
}

}  // namespace lathe
