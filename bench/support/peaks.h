// How fast this machine could be: measured, not looked up, because the same processor runs at
// another clock under a hypervisor or beside other work. Each peak is the best of many short runs
// within 20 milliseconds, so it can be measured anew beside everything that is compared with it.
#pragma once

#include <cstdint>
#include <string>

namespace lathe::bench {

// Floating-point operations a second of one thread that does nothing but independent
// multiplications and additions in registers, fused where the instruction set has that: those with
// which the backend multiplies floats or, when `bfloat16`, floats rounded to bfloat16. "amx"
// multiplies floats as six products of bfloat16s. `backend` is the name of a CPU backend; 0 for any
// other name.
double arithmetic_peak(const std::string& backend, bool bfloat16);

// Bytes a second, read plus written, of threads that together copy half of a block of that size to
// its other half. A small block stays in a cache.
double copy_peak(int64_t bytes, int threads);

}  // namespace lathe::bench
