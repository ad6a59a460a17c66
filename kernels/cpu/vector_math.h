// Elementary functions on vectors. NaN in gives NaN out. The stated errors are relative to the
// exact value; tests/kernels/vector_math_test.cpp checks them.
#pragma once

#include "kernels/cpu/vector.h"
#include "kernels/normal_tail.h"

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

struct Gelu {
  Vec value;       // x Φ(x): BERT's GELU, the erf form (Hendrycks & Gimpel 2016)
  Vec derivative;  // Φ(x) + x φ(x)
};

// Φ is the normal distribution function (1 + erf(x / √2)) / 2, φ its density e^(-x²/2) / √(2π).
// Error of the value 3e-6 above -3 and 1e-8 (absolute) below, of the derivative 1e-6 (absolute).
//
// Both come from one exponential: Φ(-t) = e^(-t²/2) q(t), where a polynomial is fit to q over 0
// … 6. Beyond, the exponential takes all to 0; t is held where 2^n is 0 already.
static inline Gelu gelu(Vec x) {
  constexpr float kRound = 12582912.0f;      // as in exponential()
  constexpr float kHalfLog2E = 0.72134752f;  // e^(-t²/2) = 2^(-t² kHalfLog2E)
  const Vec t = vector_min(broadcast(13.26f), absolute(x));
  const Vec square = t * t;
  const Vec shifted = kRound - square * kHalfLog2E;
  const Vec n = shifted - kRound;
  const Vec r = -square * kHalfLog2E - n;
  Vec p = r * 1.3276476e-3f + 9.675541e-3f;  // 2^r, |r| <= 1/2
  p = p * r + 5.550713e-2f;
  p = p * r + 2.402212e-1f;
  p = p * r + 6.9314694e-1f;
  p = p * r + 1.0f;
  const IntVec exponent = (reinterpret_cast<IntVec>(shifted) << 23) + 0x3f800000;
  const Vec e = p * reinterpret_cast<Vec>(exponent);
  const Vec tail = e * normal_tail(t - 3.0f);
  const Vec cdf = x < 0.0f ? tail : 1.0f - tail;
  return {x * cdf, x * (0.398942280f * e) + cdf};
}

}  // namespace lathe::cpu::LATHE_ISA
