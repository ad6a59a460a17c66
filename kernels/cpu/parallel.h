// How many threads a piece of work deserves.
#pragma once

#include <omp.h>

#include "kernels/cpu/vector.h"

namespace lathe::cpu::LATHE_ISA {

// Waking a team costs microseconds: below this many elements per thread it is slower than the work.
constexpr int64_t kElementsPerThread = 8192;

// The same of multiplications, in attention.
constexpr int64_t kProductsPerThread = 1 << 17;

static inline int threads_for(int64_t elements) {
  const int64_t wanted = elements / kElementsPerThread;
  return static_cast<int>(maximum(1, minimum(wanted, omp_get_max_threads())));
}

}  // namespace lathe::cpu::LATHE_ISA
