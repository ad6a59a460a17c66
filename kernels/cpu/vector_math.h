// Elementary functions on vectors. NaN in gives NaN out. The stated errors are relative to the
// exact value; tests/kernels/vector_math_test.cpp checks them.
#pragma once

#include "kernels/cpu/vector.h"

namespace lathe::cpu::LATHE_ISA {

// e^x, error 2e-7. 0 below -87.7, infinity above 88.3.
//
// e^x = 2^n e^r with n = round(x / ln 2), |r| <= ln 2 / 2, and a polynomial for e^r (Cephes' expf).
// Adding 1.5 * 2^23 rounds to an integer and leaves it in the low bits of the mantissa, from where
// a shift makes it the exponent of 2^n. x is held where n stays within -127 (2^n is 0 then) … 128
// (infinity).
static inline Vec exponential(Vec x) {
  constexpr float kRound = 12582912.0f;
  constexpr float kLn2High = 0.693359375f, kLn2Low = -2.12194440e-4f;  // n * kLn2High is exact
  x = vector_min(broadcast(88.7f), vector_max(broadcast(-88.0f), x));
  const Vec shifted = x * 1.44269504f + kRound;
  const Vec n = shifted - kRound;
  const Vec r = (x - n * kLn2High) - n * kLn2Low;
  Vec p = r * 1.9875691500e-4f + 1.3981999507e-3f;
  p = p * r + 8.3334519073e-3f;
  p = p * r + 4.1665795894e-2f;
  p = p * r + 1.6666665459e-1f;
  p = p * r + 5.0000001201e-1f;
  p = (p * r) * r + (r + 1.0f);
  const IntVec exponent = (reinterpret_cast<IntVec>(shifted) << 23) + 0x3f800000;
  return p * reinterpret_cast<Vec>(exponent);
}

// tanh(x), error 3e-7.
static inline Vec hyperbolic_tangent(Vec x) {
  const Vec t = absolute(x);
  const Vec s = x * x;
  Vec p = s * -5.70498872745e-3f + 2.06390887954e-2f;  // Cephes' tanhf
  p = p * s - 5.37397155531e-2f;
  p = p * s + 1.33314422036e-1f;
  p = p * s - 3.33332819422e-1f;
  const Vec small = (p * s) * x + x;
  const Vec large = 1.0f - 2.0f / (exponential(t + t) + 1.0f);
  return t < 0.625f ? small : (x < 0.0f ? -large : large);
}

// Φ(x), the normal distribution function (1 + erf(x / √2)) / 2. Error 2e-6 above -3, 5e-6 down to
// -6, where Φ is 1e-9; below it goes to 0 as Φ does.
//
// log Φ(-|x|) is close to a parabola: the polynomial is a minimax fit to it over 0 … 6, and its
// leading terms take it to minus infinity beyond. One exponential, no division, no case but the
// sign.
static inline Vec normal_cdf(Vec x) {
  const Vec t = absolute(x);
  Vec p = t * -8.537149653873531e-9f + 2.874142239761568e-7f;
  p = p * t - 4.116061063541565e-6f;
  p = p * t + 3.1380004656966776e-5f;
  p = p * t - 1.1384291428839788e-4f;
  p = p * t - 1.8072444072458893e-4f;
  p = p * t + 5.059980321675539e-3f;
  p = p * t - 3.6536965519189835e-2f;
  p = p * t - 3.182358145713806e-1f;
  p = p * t - 7.978951334953308e-1f;
  p = p * t - 6.931469440460205e-1f;
  const Vec tail = exponential(p);
  return x < 0.0f ? tail : 1.0f - tail;
}

// x Φ(x): BERT's GELU, the erf form (Hendrycks & Gimpel 2016).
static inline Vec gelu(Vec x) { return x * normal_cdf(x); }

// Φ(x) + x φ(x), with the normal density φ.
static inline Vec gelu_derivative(Vec x) {
  const Vec density = 0.398942280f * exponential(x * x * -0.5f);
  return x * density + normal_cdf(x);
}

}  // namespace lathe::cpu::LATHE_ISA
