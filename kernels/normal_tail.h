// A polynomial that both backends' GELU comes from.
#pragma once

#include "kernels/host_device.h"

namespace lathe {

// q(s + 3), where Φ(-t) = e^(-t²/2) q(t) is the tail of the normal distribution. q falls slowly
// from 1/2; this is a minimax fit to it over t = 0 … 6. Of floats or vectors of them. `static` as
// philox.h.
template <class Number>
LATHE_DEVICE static inline Number normal_tail(Number s) {
  Number q = s * -9.324242e-8f - 2.3263104e-7f;
  q = q * s + 1.0207885e-7f;
  q = q * s + 3.69666e-6f;
  q = q * s - 5.1672628e-6f;
  q = q * s + 2.2721713e-5f;
  q = q * s - 1.3285971e-4f;
  q = q * s + 5.6083465e-4f;
  q = q * s - 2.3067864e-3f;
  q = q * s + 9.155128e-3f;
  q = q * s - 3.4401044e-2f;
  return q * s + 1.21514015e-1f;
}

}  // namespace lathe
