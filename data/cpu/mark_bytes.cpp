// Compiled once per instruction set, as kernels/cpu/ is and under the same rule: everything here
// lives in lathe::cpu::<name> or has internal linkage, and nothing of the standard library that
// could be shared with another object is used.
#include <immintrin.h>

#include "data/scan.h"

namespace lathe::cpu::LATHE_ISA {

namespace {

#if defined(__AVX512BW__)

uint64_t marks_of(const char* block, MarkedBytes set) {
  const __m512i c = _mm512_loadu_si512(block);
  return _mm512_cmpeq_epi8_mask(c, _mm512_set1_epi8(set.first)) |
         _mm512_cmpeq_epi8_mask(c, _mm512_set1_epi8(set.second)) |
         _mm512_cmplt_epu8_mask(c, _mm512_set1_epi8(static_cast<char>(set.below)));
}

#elif defined(__AVX2__)

uint64_t marks_of_half(const char* block, MarkedBytes set) {
  const __m256i c = _mm256_loadu_si256(reinterpret_cast<const __m256i*>(block));
  // Without a sign, c < below where the larger of both is not c.
  const __m256i below = _mm256_set1_epi8(static_cast<char>(set.below));
  const __m256i reaches = _mm256_cmpeq_epi8(_mm256_max_epu8(c, below), c);
  const __m256i equal = _mm256_or_si256(_mm256_cmpeq_epi8(c, _mm256_set1_epi8(set.first)),
                                        _mm256_cmpeq_epi8(c, _mm256_set1_epi8(set.second)));
  return static_cast<uint32_t>(_mm256_movemask_epi8(equal)) |
         static_cast<uint32_t>(~_mm256_movemask_epi8(reaches));
}

uint64_t marks_of(const char* block, MarkedBytes set) {
  return marks_of_half(block, set) | marks_of_half(block + 32, set) << 32;
}

#else

uint64_t marks_of_quarter(const char* block, MarkedBytes set) {
  const __m128i c = _mm_loadu_si128(reinterpret_cast<const __m128i*>(block));
  const __m128i below = _mm_set1_epi8(static_cast<char>(set.below));
  const __m128i reaches = _mm_cmpeq_epi8(_mm_max_epu8(c, below), c);
  const __m128i equal = _mm_or_si128(_mm_cmpeq_epi8(c, _mm_set1_epi8(set.first)),
                                     _mm_cmpeq_epi8(c, _mm_set1_epi8(set.second)));
  return static_cast<uint16_t>(_mm_movemask_epi8(equal) | ~_mm_movemask_epi8(reaches));
}

uint64_t marks_of(const char* block, MarkedBytes set) {
  uint64_t marks = 0;
  for (int i = 3; i >= 0; --i) marks = marks << 16 | marks_of_quarter(block + 16 * i, set);
  return marks;
}

#endif

}  // namespace

void mark_bytes(const char* text, std::size_t blocks, MarkedBytes set, uint64_t* marks);
void mark_bytes(const char* text, std::size_t blocks, MarkedBytes set, uint64_t* marks) {
  for (std::size_t i = 0; i < blocks; ++i) marks[i] = marks_of(text + 64 * i, set);
}

}  // namespace lathe::cpu::LATHE_ISA
