// Numbers as the kernels see them, which are written once for both types.
#pragma once

#include "kernels/cpu/vector.h"
#include "kernels/kernels.h"

namespace lathe::cpu::LATHE_ISA {

template <class Number>
constexpr bool kIsFloat = sizeof(Number) == sizeof(float);

// Null stays null.
template <class Number>
static inline Number* as(const Numbers& x) {
  return static_cast<Number*>(x.data);
}

template <class Number>
static inline const Number* as(const ConstNumbers& x) {
  return static_cast<const Number*>(x.data);
}

// Calls run(float()) or run(Bfloat16()).
template <class Run>
static inline void with_number(Precision precision, Run run) {
  if (precision == Precision::kF32) return run(float());
  run(Bfloat16());
}

}  // namespace lathe::cpu::LATHE_ISA
