// The vector register of the instruction set that this file is compiled for, as a type that the
// compiler does arithmetic on: a * b + c is a fused multiply-add where the machine has one.
//
// Every source of kernels/cpu/ is compiled once per instruction set with -DLATHE_ISA=<name>, and
// everything in it lives in lathe::cpu::<name> or has internal linkage. A function shared between
// the objects would be merged by the linker, which may keep the copy that an older processor cannot
// run: so no templates and no inline functions of the standard library in these files; scalar
// mathematics through __builtin_…f, which calls the C library.
#pragma once

#include <immintrin.h>

#include <cstdint>

namespace lathe::cpu::LATHE_ISA {

#if defined(__AVX512F__)
constexpr int kWidth = 16;  // floats in a register
constexpr int kRegisters = 32;
// GCC 12 takes the unmasked intrinsics for uses of an uninitialised value; the code is the same.
constexpr __mmask16 kAllLanes = 0xffff;
#elif defined(__AVX2__)
constexpr int kWidth = 8;
constexpr int kRegisters = 16;
#else
constexpr int kWidth = 4;
constexpr int kRegisters = 16;
#endif
constexpr int kVectorBytes = kWidth * 4;

typedef float Vec __attribute__((vector_size(kVectorBytes)));
typedef int32_t IntVec __attribute__((vector_size(kVectorBytes)));  // comparisons give 0 or -1
typedef uint32_t WordVec __attribute__((vector_size(kVectorBytes)));
typedef uint64_t LongVec __attribute__((vector_size(kVectorBytes)));
typedef uint16_t HalfVec __attribute__((vector_size(kVectorBytes / 2)));
typedef float Quad __attribute__((vector_size(16)));

// A bfloat16 in memory, the upper half of a float.
enum class Bfloat16 : uint16_t {};

static inline int64_t divide_up(int64_t a, int64_t b) { return (a + b - 1) / b; }
static inline int64_t round_up(int64_t count, int64_t multiple) {
  return divide_up(count, multiple) * multiple;
}

static inline int64_t minimum(int64_t a, int64_t b) { return a < b ? a : b; }
static inline int64_t maximum(int64_t a, int64_t b) { return a > b ? a : b; }

static inline Vec broadcast(float value) { return value - Vec{}; }  // -0 + 0 would lose its sign

// 0, 1, 2, …
static inline IntVec lane_numbers() {
#if defined(__AVX512F__)
  return IntVec{0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15};
#elif defined(__AVX2__)
  return IntVec{0, 1, 2, 3, 4, 5, 6, 7};
#else
  return IntVec{0, 1, 2, 3};
#endif
}

// Any alignment.
static inline Vec load(const float* p) {
  Vec v;
  __builtin_memcpy(&v, p, sizeof v);
  return v;
}

static inline void store(float* p, Vec v) { __builtin_memcpy(p, &v, sizeof v); }

// The first `lanes` > 0 floats, at most kWidth of them, zeros after. Touches no memory beyond.
static inline Vec load(const float* p, int64_t lanes) {
  if (lanes >= kWidth) return load(p);
#if defined(__AVX512F__)
  return _mm512_maskz_loadu_ps(static_cast<__mmask16>((1u << lanes) - 1), p);
#elif defined(__AVX2__)
  const IntVec mask = lane_numbers() < static_cast<int32_t>(lanes);
  return _mm256_maskload_ps(p, reinterpret_cast<__m256i>(mask));
#else
  Vec v{};
  for (int64_t i = 0; i < lanes; ++i) v[i] = p[i];
  return v;
#endif
}

static inline void store(float* p, Vec v, int64_t lanes) {
  if (lanes >= kWidth) return store(p, v);
#if defined(__AVX512F__)
  _mm512_mask_storeu_ps(p, static_cast<__mmask16>((1u << lanes) - 1), v);
#elif defined(__AVX2__)
  const IntVec mask = lane_numbers() < static_cast<int32_t>(lanes);
  _mm256_maskstore_ps(p, reinterpret_cast<__m256i>(mask), v);
#else
  for (int64_t i = 0; i < lanes; ++i) p[i] = v[i];
#endif
}

static inline float value_of(float x) { return x; }
static inline float value_of(Bfloat16 x) {
  const uint32_t bits = static_cast<uint32_t>(x) << 16;
  float value;
  __builtin_memcpy(&value, &bits, sizeof value);
  return value;
}

static inline Vec widened(HalfVec halves) {
  return reinterpret_cast<Vec>(__builtin_convertvector(halves, WordVec) << 16);
}

// To the nearest bfloat16, ties to even; NaN stays NaN. With instructions of AVX512-BF16 a number
// below 2^-126 becomes zero.
static inline HalfVec rounded(Vec v) {
#if defined(__AVX512BF16__)
  return reinterpret_cast<HalfVec>(_mm512_cvtneps_pbh(v));
#else
  const WordVec bits = reinterpret_cast<WordVec>(v);
  const WordVec nearest = (bits + 0x7fffu + (bits >> 16 & 1u)) >> 16;
  return __builtin_convertvector(v == v ? nearest : (bits >> 16 | 0x40u), HalfVec);
#endif
}

static inline Vec load(const Bfloat16* p) {
  HalfVec halves;
  __builtin_memcpy(&halves, p, sizeof halves);
  return widened(halves);
}

static inline void store(Bfloat16* p, Vec v) {
  const HalfVec halves = rounded(v);
  __builtin_memcpy(p, &halves, sizeof halves);
}

// Two vectors, one after the other.
static inline void store(float* p, Vec first, Vec second) {
  store(p, first);
  store(p + kWidth, second);
}

static inline void store(Bfloat16* p, Vec first, Vec second) {
#if defined(__AVX512BF16__)
  const __m512bh halves = _mm512_cvtne2ps_pbh(second, first);
  __builtin_memcpy(p, &halves, sizeof halves);
#else
  store(p, first);
  store(p + kWidth, second);
#endif
}

static inline Vec load(const Bfloat16* p, int64_t lanes) {
  if (lanes >= kWidth) return load(p);
#if defined(__AVX512F__)
  const __m256i halves = _mm256_maskz_loadu_epi16(static_cast<__mmask16>((1u << lanes) - 1), p);
  return widened(reinterpret_cast<HalfVec>(halves));
#else
  HalfVec halves{};
  __builtin_memcpy(&halves, p, static_cast<uint64_t>(lanes) * sizeof *p);
  return widened(halves);
#endif
}

static inline void store(Bfloat16* p, Vec v, int64_t lanes) {
  if (lanes >= kWidth) return store(p, v);
  const HalfVec halves = rounded(v);
#if defined(__AVX512F__)
  _mm256_mask_storeu_epi16(p, static_cast<__mmask16>((1u << lanes) - 1),
                           reinterpret_cast<__m256i>(halves));
#else
  __builtin_memcpy(p, &halves, static_cast<uint64_t>(lanes) * sizeof *p);
#endif
}

static inline Vec square_root(Vec v) {
#if defined(__AVX512F__)
  return _mm512_maskz_sqrt_ps(kAllLanes, v);
#elif defined(__AVX2__)
  return _mm256_sqrt_ps(v);
#else
  return _mm_sqrt_ps(v);
#endif
}

// a > b ? a : b, so b where either is NaN.
static inline Vec vector_max(Vec a, Vec b) {
#if defined(__AVX512F__)
  return _mm512_maskz_max_ps(kAllLanes, a, b);
#elif defined(__AVX2__)
  return _mm256_max_ps(a, b);
#else
  return _mm_max_ps(a, b);
#endif
}

// a < b ? a : b, so b where either is NaN.
static inline Vec vector_min(Vec a, Vec b) {
#if defined(__AVX512F__)
  return _mm512_maskz_min_ps(kAllLanes, a, b);
#elif defined(__AVX2__)
  return _mm256_min_ps(a, b);
#else
  return _mm_min_ps(a, b);
#endif
}

static inline Vec absolute(Vec v) {
  return reinterpret_cast<Vec>(reinterpret_cast<IntVec>(v) & 0x7fffffff);
}

// The sum of the lanes: halves added onto each other, always in the same order.
static inline float sum_lanes(Vec v) {
  Quad quad[kWidth / 4];
  __builtin_memcpy(quad, &v, sizeof v);
  if constexpr (kWidth == 16) quad[0] = (quad[0] + quad[2]) + (quad[1] + quad[3]);
  if constexpr (kWidth == 8) quad[0] = quad[0] + quad[1];
  return (quad[0][0] + quad[0][2]) + (quad[0][1] + quad[0][3]);
}

static inline float max_lane(Vec v) {
  Quad quad[kWidth / 4];
  __builtin_memcpy(quad, &v, sizeof v);
  for (int i = 1; i < kWidth / 4; ++i) quad[0] = quad[i] > quad[0] ? quad[i] : quad[0];
  float largest = quad[0][0];
  for (int i = 1; i < 4; ++i) largest = quad[0][i] > largest ? quad[0][i] : largest;
  return largest;
}

// Of every 64-bit lane, the low 32 bits of a times those of b: all 64 bits of the product.
static inline LongVec multiply_low_words(LongVec a, LongVec b) {
#if defined(__AVX512F__)
  return reinterpret_cast<LongVec>(
      _mm512_maskz_mul_epu32(0xff, reinterpret_cast<__m512i>(a), reinterpret_cast<__m512i>(b)));
#elif defined(__AVX2__)
  return reinterpret_cast<LongVec>(
      _mm256_mul_epu32(reinterpret_cast<__m256i>(a), reinterpret_cast<__m256i>(b)));
#else
  return reinterpret_cast<LongVec>(
      _mm_mul_epu32(reinterpret_cast<__m128i>(a), reinterpret_cast<__m128i>(b)));
#endif
}

// The high 32 bits of every 64-bit lane, moved to the low ones; the high ones hold anything. On
// AVX-512 a shuffle, which leaves the port that multiplies free, where a shift would take it.
static inline LongVec high_words(LongVec v) {
#if defined(__AVX512F__)
  return reinterpret_cast<LongVec>(
      _mm512_maskz_shuffle_epi32(kAllLanes, reinterpret_cast<__m512i>(v), _MM_PERM_DDBB));
#else
  return v >> 32;
#endif
}

}  // namespace lathe::cpu::LATHE_ISA
