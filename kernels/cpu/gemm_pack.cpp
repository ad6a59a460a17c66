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

// target[l * kLines + i] = source[l * ld + i]: a count known to the compiler becomes plain vector
// moves.
template <int kLines>
void copy(const float* source, int64_t ld, int64_t k, float* target) {
  for (int64_t l = 0; l < k; ++l) {
    // Rows lie too far apart for the processor to see where the next one is.
    for (int i = 0; i < kLines; i += 16) __builtin_prefetch(source + (l + 8) * ld + i);
    __builtin_memcpy(target + l * kLines, source + l * ld, kLines * sizeof(float));
  }
}

void copy_lines(const float* source, int64_t ld, int64_t lines, int64_t k, float* target,
                int64_t stride) {
  for (int64_t l = 0; l < k; ++l) {
    for (int64_t i = 0; i < lines; ++i) target[l * stride + i] = source[l * ld + i];
  }
}

// A product of two bfloat16s is exact in floats: rounding a panel is all that takes.
void round_to_bfloat16(float* panel, int64_t count) {
  for (int64_t i = 0; i < count; i += kWidth) {
    const Vec x = load(panel + i, count - i);
    const WordVec bits = reinterpret_cast<WordVec>(x);
    const WordVec rounded = (bits + 0x7fffu + (bits >> 16 & 1u)) & 0xffff0000u;
    store(panel + i, x == x ? reinterpret_cast<Vec>(rounded) : x, count - i);
  }
}

void copy_a_panel(const PanelSource& a, int64_t first, int64_t rows, int64_t first_l, int64_t k,
                  float* panel) {
  using Block = std::conditional_t<kTileRows == 8, WideBlock, QuadBlock>;
  const float* source = a.at(first, first_l);
  if (a.lines_contiguous) {
    transpose_lines<Block>(source, a.ld, rows, k, panel, kTileRows);
  } else if (rows == kTileRows) {
    copy<kTileRows>(source, a.ld, k, panel);
  } else {
    copy_lines(source, a.ld, rows, k, panel, kTileRows);
  }
}

void copy_b_panel(const PanelSource& b, int64_t first, int64_t columns, int64_t first_l, int64_t k,
                  float* panel) {
  const float* source = b.at(first, first_l);
  const int64_t stride = b_panel_stride(columns);
  if (b.lines_contiguous) {
    transpose_lines<WideBlock>(source, b.ld, columns, k, panel, stride);
  } else if (columns == kTileColumns) {
    return copy<kTileColumns>(source, b.ld, k, panel);
  } else {
    copy_lines(source, b.ld, columns, k, panel, stride);
  }
  for (int64_t l = 0; l < k; ++l) {
    for (int64_t j = columns; j < stride; ++j) panel[l * stride + j] = 0.0f;
  }
}

}  // namespace

// The panel of a: element l of line i at l * kTileRows + i; what is beyond `rows` is undefined.
void pack_a_panel(const PanelSource& a, int64_t first, int64_t rows, int64_t first_l, int64_t k,
                  float* panel) {
  copy_a_panel(a, first, rows, first_l, k, panel);
  if (a.precision == Precision::kBF16) round_to_bfloat16(panel, k * kTileRows);
}

// The panel of b: element l of line j at l * b_panel_stride(columns) + j, zero beyond `columns`.
void pack_b_panel(const PanelSource& b, int64_t first, int64_t columns, int64_t first_l, int64_t k,
                  float* panel) {
  copy_b_panel(b, first, columns, first_l, k, panel);
  if (b.precision == Precision::kBF16) round_to_bfloat16(panel, k * b_panel_stride(columns));
}

}  // namespace lathe::cpu::LATHE_ISA
