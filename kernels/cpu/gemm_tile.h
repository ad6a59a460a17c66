// The register tile of gemm: a few rows by a few vectors of c, whose sums stay in registers over
// the whole of k.
#pragma once

#include "kernels/cpu/gemm_packing.h"
#include "kernels/cpu/vector.h"
#include "kernels/kernels.h"

namespace lathe::cpu::LATHE_ISA {

#if defined(__AMX_BF16__) || defined(__AMXBF16__)  // as GCC and as Clang call it
// 2 x 2 matrix registers of sums (kernels/cpu/amx/). An element of a panel is one bfloat16, or the
// three that make a float.
constexpr int kTileRows = 32, kTileColumns = 32;
// Lines that are packed at a time. Where they lie across memory, those of neighbouring panels: the
// processor fetches ahead along memory alone, and a row of one panel's is 64 or 128 bytes of it.
constexpr int kPanelsAcross = 4;
static inline int packed_rows(bool along) { return along ? kTileRows : kPanelsAcross * kTileRows; }
static inline int packed_columns(bool along) {
  return along ? kTileColumns : kPanelsAcross * kTileColumns;
}
constexpr int kDepthStep = 32;
// A panel is packed while the one before is multiplied: the two take different parts of the
// processor.
constexpr bool kPacksBeside = true;
static inline int64_t element_bytes(Precision precision) {
  return precision == Precision::kBF16 ? 2 : 6;
}
// The most products in a block of k. Longer blocks pass over c less often, shorter ones keep more
// panels in the cache. Rows that are read in place have none.
static inline int64_t max_k(Precision /*precision*/, bool reads_rows) {
  return reads_rows ? 4096 : 384;
}
// Rows of bfloat16s that lie along memory are loaded from where they lie.
constexpr bool kReadsRows = true;
#else
// The largest tile that leaves registers for one row of b's panel and one broadcast element of a.
// Each of its rows is an independent chain of fused multiply-adds per vector; there must be at
// least latency x ports = 8 to 10 of them.
#if defined(__AVX512F__)
constexpr int kTileRows = 8, kTileVectors = 3;  // 24 sums + 3 + 1 of 32 registers
#elif defined(__AVX2__)
constexpr int kTileRows = 4, kTileVectors = 3;  // 12 + 3 + 1 of 16
#else
constexpr int kTileRows = 4, kTileVectors = 2;  // 8 + 2 + 1, and 1 for the product, of 16
#endif
constexpr int kTileColumns = kTileVectors * kWidth;
// Lines that are packed at a time: where those of a lie across, two panels share cache lines.
constexpr int kPackedRows = 2 * kTileRows;
static inline int packed_rows(bool /*along*/) { return kPackedRows; }
static inline int packed_columns(bool /*along*/) { return kTileColumns; }
constexpr int kDepthStep = 4;         // packing transposes four elements at a time
constexpr bool kPacksBeside = false;  // both take the vectors: a unit is packed, then multiplied
constexpr bool kReadsRows = false;

// Whether the panels hold bfloat16s, two neighbours along k in the place of a float. Elsewhere they
// hold floats for either precision.
static inline bool holds_pairs([[maybe_unused]] Precision precision) {
#if defined(__AVX512BF16__)
  return precision == Precision::kBF16;
#else
  return false;
#endif
}
static inline int64_t element_bytes(Precision precision) { return holds_pairs(precision) ? 2 : 4; }
static inline int64_t max_k(Precision precision, bool /*reads_rows*/) {
  return (kWidth == 16 ? 384 : 256) * (holds_pairs(precision) ? 2 : 1);
}

// Floats between the rows of b's panel that holds `columns` <= kTileColumns columns.
static inline int64_t b_panel_stride(int64_t columns) { return round_up(columns, kWidth); }
#endif

// Floats of memory that a panel of `lines` = kTileRows or kTileColumns lines of k elements takes.
// The last blocks of k are the only ones whose length is no multiple of kDepthStep.
static inline int64_t panel_floats(Precision precision, int lines, int64_t k) {
  return lines * round_up(k, kDepthStep) * element_bytes(precision) / 4;
}

// Held by a thread while it calls multiply_tile.
struct TileRegisters {
  TileRegisters();
  ~TileRegisters();  // NOLINT(performance-trivially-destructible): not with matrix registers
  TileRegisters(const TileRegisters&) = delete;
  TileRegisters& operator=(const TileRegisters&) = delete;
};

// Rows of memory that are wanted in the cache: a tile fetches row i beside its own row i. Null:
// none.
struct RowsAhead {
  const char* first = nullptr;
  int64_t distance = 0, bytes = 0;
};

// c[rows, columns] = a b, or += when `add`, of a panel of a and one of b (gemm_pack.h).
struct Tile {
  Precision precision;    // of the panels
  int64_t rows, columns;  // 1 … kTileRows, 1 … kTileColumns
  int64_t k;              // may be 0
  const float *a, *b;     // panels
  int64_t a_row_bytes;    // not 0, where kReadsRows: a is no panel, but rows so far apart
  float* c;
  int64_t ldc;
  bool add;
  RowsAhead written, read;  // once the sums are there
  Packing* beside;  // its steps are done between those of the product where that costs nothing
};

void multiply_tile(const Tile& tile);

}  // namespace lathe::cpu::LATHE_ISA
