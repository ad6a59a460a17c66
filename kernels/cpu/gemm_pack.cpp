#include "kernels/cpu/gemm_pack.h"

#include <type_traits>

#include "kernels/cpu/gemm_tile.h"

namespace lathe::cpu::LATHE_ISA {
namespace {

// Four-row and eight-row blocks are transposed four elements at a time. An Octet is two Quads side
// by side: vector instructions shuffle within 128 bits at twice the rate of shuffles across.
typedef float Quad __attribute__((vector_size(16)));
typedef float Octet __attribute__((vector_size(32)));

template <class V>
V load_as(const float* x) {
  V value;
  __builtin_memcpy(&value, x, sizeof value);
  return value;
}

template <class V>
void store_as(float* x, V value) {
  __builtin_memcpy(x, &value, sizeof value);
}

struct QuadBlock {
  using Vector = Quad;
  [[maybe_unused]] static constexpr int kRows = 4;  // not on AVX-512
  static Quad row(const float* x, int64_t /*ld*/) { return load_as<Quad>(x); }
  static Quad low(Quad x, Quad y) { return __builtin_shufflevector(x, y, 0, 4, 1, 5); }
  static Quad high(Quad x, Quad y) { return __builtin_shufflevector(x, y, 2, 6, 3, 7); }
};

struct OctetBlock {
  using Vector = Octet;
  [[maybe_unused]] static constexpr int kRows = 8;  // not on the baseline
  static Octet row(const float* x, int64_t ld) {
    return __builtin_shufflevector(load_as<Quad>(x), load_as<Quad>(x + 4 * ld), 0, 1, 2, 3, 4, 5, 6,
                                   7);
  }
  static Octet low(Octet x, Octet y) {
    return __builtin_shufflevector(x, y, 0, 8, 1, 9, 4, 12, 5, 13);
  }
  static Octet high(Octet x, Octet y) {
    return __builtin_shufflevector(x, y, 2, 10, 3, 11, 6, 14, 7, 15);
  }
};

// target[l * stride + i] = source[i * ld + l] for i < Block::kRows, l < k. Interleaving twice
// transposes 4 x 4.
template <class Block>
void transpose(const float* source, int64_t ld, int64_t k, float* target, int64_t stride) {
  int64_t l = 0;
  for (; l + 4 <= k; l += 4, source += 4, target += 4 * stride) {
    const auto row0 = Block::row(source, ld), row1 = Block::row(source + ld, ld);
    const auto row2 = Block::row(source + 2 * ld, ld), row3 = Block::row(source + 3 * ld, ld);
    const auto low02 = Block::low(row0, row2), high02 = Block::high(row0, row2);
    const auto low13 = Block::low(row1, row3), high13 = Block::high(row1, row3);
    store_as(target, Block::low(low02, low13));
    store_as(target + stride, Block::high(low02, low13));
    store_as(target + 2 * stride, Block::low(high02, high13));
    store_as(target + 3 * stride, Block::high(high02, high13));
  }
  for (; l < k; ++l, ++source, target += stride) {
    for (int i = 0; i < Block::kRows; ++i) target[i] = source[i * ld];
  }
}

#if defined(__AVX2__)
using WideBlock = OctetBlock;
#else
using WideBlock = QuadBlock;
#endif

// target[l * stride + i] = source[i * ld + l] for i < lines, l < k.
template <class Block>
void transpose_lines(const float* source, int64_t ld, int64_t lines, int64_t k, float* target,
                     int64_t stride) {
  int64_t i = 0;
  for (; i + Block::kRows <= lines; i += Block::kRows)
    transpose<Block>(source + i * ld, ld, k, target + i, stride);
  for (; i < lines; ++i) {
    for (int64_t l = 0; l < k; ++l) target[l * stride + i] = source[i * ld + l];
  }
}

// The same of bfloat16s, some of each line at a time.
template <class Block>
void transpose_lines(const Bfloat16* source, int64_t ld, int64_t lines, int64_t k, float* target,
                     int64_t stride) {
  constexpr int64_t kLength = 64;
  alignas(64) float widened[kTileColumns * kLength];
  for (int64_t first = 0; first < k; first += kLength) {
    const int64_t count = minimum(kLength, k - first);
    for (int64_t i = 0; i < lines; ++i) {
      for (int64_t l = 0; l < count; l += kWidth)
        store(widened + i * kLength + l, load(source + i * ld + first + l, count - l));
    }
    transpose_lines<Block>(widened, kLength, lines, count, target + first * stride, stride);
  }
}

// target[l * kLines + i] = source[l * ld + i], and the kLines after them into each further panel: a
// count known to the compiler becomes plain vector moves.
template <int kLines, int kPanels = 1>
void copy(const float* source, int64_t ld, int64_t k, float* target, int64_t panel = 0) {
  for (int64_t l = 0; l < k; ++l) {
    // Rows lie too far apart for the processor to see where the next one is.
    for (int i = 0; i < kPanels * kLines; i += 16) __builtin_prefetch(source + (l + 16) * ld + i);
    for (int i = 0; i < kPanels; ++i) {
      __builtin_memcpy(target + i * panel + l * kLines, source + l * ld + i * kLines,
                       kLines * sizeof(float));
    }
  }
}

template <class Number>
void copy_lines(const Number* source, int64_t ld, int64_t lines, int64_t k, float* target,
                int64_t stride) {
  for (int64_t l = 0; l < k; ++l) {
    for (int64_t i = 0; i < lines; i += kWidth)
      store(target + l * stride + i, load(source + l * ld + i, lines - i), lines - i);
  }
}

#if defined(__AVX512BF16__)

// The elements 2 p and 2 p + 1 of every line, rounded to bfloat16, side by side in 32 bits at
// target[p * stride + i]; zero for an element beyond k. A number below 2^-126 becomes zero.

// x0, y0, x1, y1, …: x is the even element of 16 lines, y the odd one.
__m512i pairs_of(Vec x, Vec y) {
  const __m512i order = _mm512_set_epi16(31, 15, 30, 14, 29, 13, 28, 12, 27, 11, 26, 10, 25, 9, 24,
                                         8, 23, 7, 22, 6, 21, 5, 20, 4, 19, 3, 18, 2, 17, 1, 16, 0);
  return _mm512_maskz_permutexvar_epi16(0xffffffff, order,
                                        reinterpret_cast<__m512i>(_mm512_cvtne2ps_pbh(y, x)));
}

// Of elements that lie one after another, source[l * ld + i]: those of a pair are a row apart.
template <class Number>
void pair_rows(const Number* source, int64_t ld, int64_t lines, int64_t k, float* target,
               int64_t stride) {
  for (int64_t l = 0; l < k; l += 2, source += 2 * ld, target += stride) {
    for (int64_t i = 0; i < stride; i += kWidth) {
      const Number *even = source + i, *odd = even + ld;
      __builtin_prefetch(even + 8 * ld);
      __builtin_prefetch(odd + 8 * ld);
      const int64_t there = lines - i;  // > 0: the stride is that of these lines
      const Vec x = load(even, there), y = l + 1 < k ? load(odd, there) : Vec{};
      store(target + i, reinterpret_cast<Vec>(pairs_of(x, y)), stride - i);
    }
  }
}

// The same of 16 lines, the first eight into one panel and the rest into another.
template <class Number>
void pair_rows_of_two(const Number* source, int64_t ld, int64_t k, float* first, float* second) {
  static_assert(2 * kTileRows == kWidth);
  for (int64_t l = 0; l < k; l += 2, source += 2 * ld, first += kTileRows, second += kTileRows) {
    __builtin_prefetch(source + 16 * ld);
    __builtin_prefetch(source + 17 * ld);
    const Vec pairs =
        reinterpret_cast<Vec>(pairs_of(load(source), l + 1 < k ? load(source + ld) : Vec{}));
    __builtin_memcpy(first, &pairs, kTileRows * sizeof(float));
    __builtin_memcpy(second, reinterpret_cast<const float*>(&pairs) + kTileRows,
                     kTileRows * sizeof(float));
  }
}

// Of elements that lie one after another, source[i * ld + l]: a line is rounded into pairs where it
// lies, then pairs are transposed as floats are.
template <class Number>
void pair_lines(const Number* source, int64_t ld, int64_t lines, int64_t k, float* target,
                int64_t stride) {
  constexpr int64_t kBlockLines = WideBlock::kRows, kBlockPairs = 256;
  alignas(64) float block[kBlockLines * kBlockPairs];
  for (int64_t first = 0; first < k; first += 2 * kBlockPairs) {
    const int64_t count = minimum(2 * kBlockPairs, k - first), pairs = (count + 1) / 2;
    float* at = target + first / 2 * stride;
    for (int64_t line = 0; line < lines; line += kBlockLines) {
      const int64_t block_lines = minimum(kBlockLines, lines - line);
      for (int64_t i = 0; i < block_lines; ++i) {
        const Number* from = source + (line + i) * ld + first;
        for (int64_t l = 0; l < count; l += 2 * kWidth) {
          const int64_t there = count - l;
          const Vec x = load(from + l, there);
          const Vec y = there > kWidth ? load(from + l + kWidth, there - kWidth) : Vec{};
          store(block + i * kBlockPairs + l / 2, reinterpret_cast<Vec>(_mm512_cvtne2ps_pbh(y, x)));
        }
      }
      transpose_lines<WideBlock>(block, kBlockPairs, block_lines, pairs, at + line, stride);
    }
  }
}

template <class Number>
void pack_pairs(const PanelSource& source, int64_t first, int64_t lines, int64_t first_l, int64_t k,
                float* panel, int64_t stride) {
  const Number* from = source.at<Number>(first, first_l);
  if (!source.lines_contiguous) return pair_rows(from, source.ld, lines, k, panel, stride);
  pair_lines(from, source.ld, lines, k, panel, stride);
  for (int64_t p = 0; p < (k + 1) / 2; ++p) {
    for (int64_t i = lines; i < stride; ++i) panel[p * stride + i] = 0.0f;
  }
}

#endif

// A product of two bfloat16s is exact in floats: rounding a panel is all that takes.
void round_to_bfloat16(float* panel, int64_t count) {
  for (int64_t i = 0; i < count; i += kWidth) {
    const Vec x = load(panel + i, count - i);
    const WordVec bits = reinterpret_cast<WordVec>(x);
    const WordVec rounded = (bits + 0x7fffu + (bits >> 16 & 1u)) & 0xffff0000u;
    store(panel + i, x == x ? reinterpret_cast<Vec>(rounded) : x, count - i);
  }
}

template <class Number>
void copy_a_panel(const PanelSource& a, int64_t first, int64_t rows, int64_t first_l, int64_t k,
                  float* panel) {
  using Block = std::conditional_t<kTileRows == 8, WideBlock, QuadBlock>;
  const Number* source = a.at<Number>(first, first_l);
  if (a.lines_contiguous) return transpose_lines<Block>(source, a.ld, rows, k, panel, kTileRows);
  if constexpr (kIsFloat<Number>) {
    if (rows == kTileRows) return copy<kTileRows>(source, a.ld, k, panel);
  }
  copy_lines(source, a.ld, rows, k, panel, kTileRows);
}

template <class Number>
void copy_b_panel(const PanelSource& b, int64_t first, int64_t columns, int64_t first_l, int64_t k,
                  float* panel) {
  const Number* source = b.at<Number>(first, first_l);
  const int64_t stride = b_panel_stride(columns);
  if constexpr (kIsFloat<Number>) {
    if (!b.lines_contiguous && columns == kTileColumns)
      return copy<kTileColumns>(source, b.ld, k, panel);
  }
  if (b.lines_contiguous) {
    transpose_lines<WideBlock>(source, b.ld, columns, k, panel, stride);
  } else {
    copy_lines(source, b.ld, columns, k, panel, stride);
  }
  for (int64_t l = 0; l < k; ++l) {
    for (int64_t j = columns; j < stride; ++j) panel[l * stride + j] = 0.0f;
  }
}

// Bfloat16s of two whole panels of a, from lines that lie across.
void widen_two(const Bfloat16* source, int64_t ld, int64_t k, float* panel, float* next_panel) {
  for (int64_t l = 0; l < k; ++l, source += ld, panel += kTileRows, next_panel += kTileRows) {
    alignas(Vec) float lines[kPackedRows];
    for (int i = 0; i < kPackedRows; i += kWidth) store(lines + i, load(source + i));
    __builtin_memcpy(panel, lines, kTileRows * sizeof(float));
    __builtin_memcpy(next_panel, lines + kTileRows, kTileRows * sizeof(float));
  }
}

// Whether elements are rounded once they lie in the panel.
template <class Number>
bool rounds(const PanelSource& source) {
  return kIsFloat<Number> && source.precision == Precision::kBF16;
}

template <class Number>
void pack_a_panel(const PanelSource& a, int64_t first, int64_t rows, int64_t first_l, int64_t k,
                  float* panel) {
#if defined(__AVX512BF16__)
  if (holds_pairs(a.precision))
    return pack_pairs<Number>(a, first, rows, first_l, k, panel, kTileRows);
#endif
  copy_a_panel<Number>(a, first, rows, first_l, k, panel);
  if (rounds<Number>(a)) round_to_bfloat16(panel, k * kTileRows);
}

// Two whole panels of an a whose lines lie across.
template <class Number>
void pack_two_a_panels(const PanelSource& a, int64_t first, int64_t first_l, int64_t k,
                       float* panel, float* next_panel) {
  const Number* source = a.at<Number>(first, first_l);
#if defined(__AVX512BF16__)
  if (holds_pairs(a.precision)) return pair_rows_of_two(source, a.ld, k, panel, next_panel);
#endif
  if constexpr (kIsFloat<Number>) {
    copy<kTileRows, 2>(source, a.ld, k, panel, next_panel - panel);
  } else {
    widen_two(source, a.ld, k, panel, next_panel);
  }
  if (!rounds<Number>(a)) return;
  round_to_bfloat16(panel, k * kTileRows);
  round_to_bfloat16(next_panel, k * kTileRows);
}

template <class Number>
void pack_a(const PanelSource& a, int64_t first, int64_t rows, int64_t first_l, int64_t k,
            float* panels) {
  float* const second = panels + panel_floats(a.precision, kTileRows, k);
  if (rows == kPackedRows && !a.lines_contiguous)
    return pack_two_a_panels<Number>(a, first, first_l, k, panels, second);
  pack_a_panel<Number>(a, first, minimum(kTileRows, rows), first_l, k, panels);
  if (rows <= kTileRows) return;
  pack_a_panel<Number>(a, first + kTileRows, rows - kTileRows, first_l, k, second);
}

template <class Number>
void pack_b(const PanelSource& b, int64_t first, int64_t columns, int64_t first_l, int64_t k,
            float* panel) {
#if defined(__AVX512BF16__)
  if (holds_pairs(b.precision))
    return pack_pairs<Number>(b, first, columns, first_l, k, panel, b_panel_stride(columns));
#endif
  copy_b_panel<Number>(b, first, columns, first_l, k, panel);
  if (rounds<Number>(b)) round_to_bfloat16(panel, k * b_panel_stride(columns));
}

}  // namespace

// Nothing is won by packing between the steps of a product: both take the vectors.
int64_t packing_parts(const PanelSource& /*source*/, int64_t /*lines*/, int64_t /*k*/) { return 1; }

PackedPart packed_part(const PanelSource& /*source*/, int64_t lines, int64_t k, int64_t /*part*/) {
  return {0, lines, 0, k};
}

// A panel of a: element l of line i, or pair l, at l * kTileRows + i; what is beyond `rows` is
// undefined.
void pack_a_part(const PanelSource& a, int64_t first, int64_t rows, int64_t first_l, int64_t k,
                 float* panels, int64_t /*part*/) {
  with_number(a.data.precision,
              [&](auto number) { pack_a<decltype(number)>(a, first, rows, first_l, k, panels); });
}

// The panel of b: element or pair l of line j at l * b_panel_stride(columns) + j, zero beyond
// `columns`.
void pack_b_part(const PanelSource& b, int64_t first, int64_t columns, int64_t first_l, int64_t k,
                 float* panel, int64_t /*part*/) {
  with_number(b.data.precision,
              [&](auto number) { pack_b<decltype(number)>(b, first, columns, first_l, k, panel); });
}

}  // namespace lathe::cpu::LATHE_ISA
