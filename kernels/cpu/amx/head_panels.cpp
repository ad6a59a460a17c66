#include "kernels/cpu/amx/head_panels.h"

#include "kernels/cpu/amx/gemm_blocks.h"

namespace lathe::cpu::LATHE_ISA {
namespace {

PanelSource source_of(const HeadRows& x, bool rows_are_lines) {
  return {ConstNumbers(x.first, Precision::kBF16), x.ld, rows_are_lines, Precision::kBF16};
}

void pack_panels(PackPart* pack_part, const PanelSource& source, int64_t lines, int64_t k,
                 char* panels) {
  const int64_t most = packed_rows(source.lines_contiguous);
  for (int64_t first = 0; first < lines; first += most) {
    const int64_t count = minimum(most, lines - first), parts = packing_parts(source, count, k);
    for (int64_t part = 0; part < parts; ++part)
      pack_part(source, first, count, 0, k, reinterpret_cast<float*>(panels), part);
    panels += panel_bytes(most, k);
  }
}

}  // namespace

void pack_left(const HeadRows& x, char* panels) {
  pack_panels(pack_a_part, source_of(x, true), x.rows, x.columns, panels);
}
void pack_left_columns(const HeadRows& x, char* panels) {
  pack_panels(pack_a_part, source_of(x, false), x.columns, x.rows, panels);
}
void pack_right(const HeadRows& x, char* panels) {
  pack_panels(pack_b_part, source_of(x, true), x.rows, x.columns, panels);
}
void pack_right_columns(const HeadRows& x, char* panels) {
  pack_panels(pack_b_part, source_of(x, false), x.columns, x.rows, panels);
}

void multiply_panels(const char* a, const char* b, int64_t rows, int64_t columns, int64_t k,
                     float* c) {
  Packing nothing;
  multiply_blocks({.precision = Precision::kBF16,
                   .rows = rows,
                   .columns = columns,
                   .k = k,
                   .a = reinterpret_cast<const float*>(a),
                   .b = reinterpret_cast<const float*>(b),
                   .a_row_bytes = 0,
                   .c = c,
                   .ldc = kBlock,
                   .add = false,
                   .written = {},
                   .read = {},
                   .beside = &nothing});
}

void store_rows(const float* tile, int64_t rows, int64_t columns, Bfloat16* y, int64_t ld) {
  for (int64_t i = 0; i < rows; ++i, tile += kBlock, y += ld) {
    if (columns >= kBlock) {
      store(y, load(tile), load(tile + kWidth));
    } else {
      for (int64_t j = 0; j < columns; j += kWidth) store(y + j, load(tile + j), columns - j);
    }
  }
}

void store_columns(const float* tile, int64_t rows, int64_t columns, Bfloat16* y, int64_t ld) {
  alignas(64) float turned[kTileFloats];
  for (int64_t i = 0; i < rows; i += kHalf) {
    for (int64_t j = 0; j < columns; j += kHalf)
      transpose_words(tile + j * kBlock + i, kBlock * 4, turned + i * kBlock + j, kBlock * 4);
  }
  store_rows(turned, rows, columns, y, ld);
}

}  // namespace lathe::cpu::LATHE_ISA
