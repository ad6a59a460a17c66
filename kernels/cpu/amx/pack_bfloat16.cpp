#include "kernels/cpu/amx/pack_bfloat16.h"

#include "kernels/cpu/amx/panel.h"
#include "kernels/cpu/amx/words.h"
#include "kernels/cpu/gemm_tile.h"

namespace lathe::cpu::LATHE_ISA {
namespace {

constexpr int kRowNumbers = 32;  // of a row of a block

// Rows of 32 bfloat16s.
struct Rows {
  const char* first;
  int64_t distance;  // in bytes

  const char* row(int64_t i) const { return first + i * distance; }
};

__m512i load_row(const void* from) { return _mm512_loadu_si512(from); }
__m512i load_row(const void* from, int64_t numbers) {
  const auto mask = static_cast<__mmask32>((uint64_t{1} << numbers) - 1);
  return _mm512_maskz_loadu_epi16(mask, from);
}

// `wanted` rows where they lie, or a copy of them, zeros beyond the `rows` and `numbers` that are
// there.
Rows whole_rows(const PanelSource& source, const Bfloat16* from, int64_t rows, int64_t numbers,
                int64_t wanted, char* copy) {
  const auto distance = source.ld * static_cast<int64_t>(sizeof(Bfloat16));
  const Rows there = {reinterpret_cast<const char*>(from), distance};
  if (rows == wanted && numbers == kRowNumbers) return there;
  for (int64_t i = 0; i < wanted; ++i) {
    _mm512_store_si512(copy + i * kBlockRowBytes,
                       i < rows ? load_row(there.row(i), numbers) : __m512i{});
  }
  return {copy, kBlockRowBytes};
}

// 16 lines along memory as a block of a, in which they lie just so, and of b.
void copy_lines(const Rows& lines, char* block) {
  for (int64_t i = 0; i < kBlockLines; ++i)
    _mm512_store_si512(block + i * kBlockRowBytes, load_row(lines.row(i)));
}
void transpose_lines(const Rows& lines, char* block) {
  transpose_words(lines.first, lines.distance, reinterpret_cast<float*>(block), kBlockRowBytes);
}

// x0, y0, x1, y1, … x15, y15, or the same of the upper halves.
template <bool kUpper>
__m512i pairs_of(__m512i x, __m512i y) {
  constexpr int k = kUpper ? 16 : 0;
  const __m512i order = _mm512_set_epi16(
      k + 47, k + 15, k + 46, k + 14, k + 45, k + 13, k + 44, k + 12, k + 43, k + 11, k + 42,
      k + 10, k + 41, k + 9, k + 40, k + 8, k + 39, k + 7, k + 38, k + 6, k + 37, k + 5, k + 36,
      k + 4, k + 35, k + 3, k + 34, k + 2, k + 33, k + 1, k + 32, k);
  return _mm512_maskz_permutex2var_epi16(~__mmask32{}, x, order, y);
}

// x0, x2, … x30, y0, y2, … y30, or the odd ones.
template <bool kOdd>
__m512i every_other_of(__m512i x, __m512i y) {
  constexpr int k = kOdd ? 1 : 0;
  const __m512i order = _mm512_set_epi16(
      k + 62, k + 60, k + 58, k + 56, k + 54, k + 52, k + 50, k + 48, k + 46, k + 44, k + 42,
      k + 40, k + 38, k + 36, k + 34, k + 32, k + 30, k + 28, k + 26, k + 24, k + 22, k + 20,
      k + 18, k + 16, k + 14, k + 12, k + 10, k + 8, k + 6, k + 4, k + 2, k);
  return _mm512_maskz_permutex2var_epi16(~__mmask32{}, x, order, y);
}

// 32 lines across memory, whose rows are 32 elements of k, as two blocks of b: two rows make a row
// of each.
void pair_rows(const Rows& rows, char* step) {
  for (int64_t l = 0; l < kDepthStep; l += 2, step += kBlockRowBytes) {
    const __m512i x = load_row(rows.row(l)), y = load_row(rows.row(l + 1));
    _mm512_store_si512(step, pairs_of<false>(x, y));
    _mm512_store_si512(step + kBlockBytes, pairs_of<true>(x, y));
  }
}

// As two blocks of a: words of two lines are transposed, and then the lines told apart.
void transpose_rows(const Rows& rows, char* step) {
  alignas(64) char turned[2 * kBlockBytes];
  for (int64_t half = 0; half < 2; ++half) {
    transpose_words(rows.row(half * kBlockLines), rows.distance,
                    reinterpret_cast<float*>(turned + half * kBlockBytes), kBlockRowBytes);
  }
  for (int64_t word = 0; word < 16; ++word, step += 2 * kBlockRowBytes) {
    const char* early = turned + word * kBlockRowBytes;
    const __m512i x = _mm512_load_si512(early), y = _mm512_load_si512(early + kBlockBytes);
    _mm512_store_si512(step, every_other_of<false>(x, y));
    _mm512_store_si512(step + kBlockRowBytes, every_other_of<true>(x, y));
  }
}

}  // namespace

void pack_bfloat16s(const PanelSource& source, bool of_a, int64_t first, int64_t first_l,
                    const PackedPart& part, char* step) {
  alignas(64) char copy[kDepthStep * kBlockRowBytes];
  const auto* from = source.at<Bfloat16>(first + part.first_line, first_l + part.first_l);
  if (source.lines_contiguous) {
    const Rows lines = whole_rows(source, from, part.lines, part.k, kBlockLines, copy);
    char* const block = step + part.first_line / kBlockLines * kBlockBytes;
    return of_a ? copy_lines(lines, block) : transpose_lines(lines, block);
  }
  const Rows rows = whole_rows(source, from, part.k, part.lines, kDepthStep, copy);
  return of_a ? transpose_rows(rows, step) : pair_rows(rows, step);
}

}  // namespace lathe::cpu::LATHE_ISA
