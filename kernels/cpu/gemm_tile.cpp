#include "kernels/cpu/gemm_tile.h"

namespace lathe::cpu::LATHE_ISA {
namespace {

// How far ahead of the products the panels are fetched, in steps of l.
constexpr int kFetchAheadA = 16, kFetchAheadB = 8;
constexpr int kLineBytes = 64, kLineFloats = 16;  // in a cache line

// Fetches `count` floats into the L1 cache.
void fetch(const float* x, int count) {
  for (int i = 0; i < count; i += kLineFloats) __builtin_prefetch(x + i);
}

// Fetches row i: as many bytes as kFloats floats or, if that is what there is, bfloat16s take.
template <int kWrite, int kFloats>
__attribute__((always_inline)) inline void fetch_row(const RowsAhead& rows, int i) {
  const char* row = rows.first + i * rows.distance;
  for (int at = 0; at < kFloats * 2; at += kLineBytes) __builtin_prefetch(row + at, kWrite);
  if (rows.bytes <= kFloats * 2) return;
  constexpr int kFirstLines = (kFloats * 2 + kLineBytes - 1) / kLineBytes;
  for (int at = kFirstLines * kLineBytes; at < kFloats * 4; at += kLineBytes)
    __builtin_prefetch(row + at, kWrite);
}

// How the places of two panels are multiplied, each of 32 bits.
struct Floats {
  static constexpr int kElements = 1;  // along k in a place
  static Vec multiply_add(const float* a, Vec b, Vec sum) { return sum + *a * b; }
};

#if defined(__AVX512BF16__)
// A product of bfloat16s is exact in a float. The instruction adds the odd, then the even product
// to the sum, rounding to nearest; operands and results below 2^-126 are zero to it.
struct Pairs {
  static constexpr int kElements = 2;
  static Vec multiply_add(const float* a, Vec b, Vec sum) {
    int32_t pair;
    __builtin_memcpy(&pair, a, sizeof pair);
    return _mm512_dpbf16_ps(sum, reinterpret_cast<__m512bh>(_mm512_set1_epi32(pair)),
                            reinterpret_cast<__m512bh>(b));
  }
};
#endif

// The trip counts are template parameters so that every loop but those over k unrolls and `sum`
// lives in registers. k counts places.
template <class Place, int kRows, int kVectors>
void multiply(int64_t k, const Tile& tile) {
  const float *a = tile.a, *b = tile.b;
  float* const c = tile.c;
  const int64_t ldc = tile.ldc;
  const bool add = tile.add;
  Vec sum[kRows][kVectors] = {};
  const auto step = [&]() __attribute__((always_inline)) {
    Vec b_row[kVectors];
#pragma GCC unroll 8
    for (int v = 0; v < kVectors; ++v) b_row[v] = load(b + v * kWidth);
#pragma GCC unroll 16
    for (int i = 0; i < kRows; ++i) {
#pragma GCC unroll 8
      for (int v = 0; v < kVectors; ++v)
        sum[i][v] = Place::multiply_add(a + i, b_row[v], sum[i][v]);
    }
    fetch(a + kFetchAheadA * kTileRows, kTileRows);
    fetch(b + kFetchAheadB * kVectors * kWidth, kVectors * kWidth);
    a += kTileRows;
    b += kVectors * kWidth;
  };
  // c's lines are fetched a row at a time beside the first products: all at once they would take
  // every buffer that a's and b's lines come through.
  constexpr int kStepsPerRow = 16;
  int64_t l = 0;
  for (int i = 0; i < kRows && l + kStepsPerRow <= k; ++i, l += kStepsPerRow) {
    if (tile.written.first != nullptr) fetch_row<1, kVectors * kWidth>(tile.written, i);
    if (tile.read.first != nullptr) fetch_row<0, kVectors * kWidth>(tile.read, i);
#pragma GCC unroll 1
    for (int s = 0; s < kStepsPerRow; ++s) step();
  }
  for (; l < k; ++l) step();
#pragma GCC unroll 16
  for (int i = 0; i < kRows; ++i) {
#pragma GCC unroll 8
    for (int v = 0; v < kVectors; ++v) {
      float* target = c + i * ldc + v * kWidth;
      store(target, add ? load(target) + sum[i][v] : sum[i][v]);
    }
  }
}

// multiply<rows, vectors>, found by going down from the largest, which is nearly always the one.
template <class Place, int kRows, int kVectors>
void multiply_at_most(const Tile& tile, int64_t vectors) {
  if constexpr (kRows > 1) {
    if (tile.rows < kRows) return multiply_at_most<Place, kRows - 1, kVectors>(tile, vectors);
  }
  if constexpr (kVectors > 1) {
    if (vectors < kVectors) return multiply_at_most<Place, kRows, kVectors - 1>(tile, vectors);
  }
  const int64_t places = (tile.k + Place::kElements - 1) / Place::kElements;
  multiply<Place, kRows, kVectors>(places, tile);
}

void multiply_vectors(const Tile& tile, int64_t vectors) {
#if defined(__AVX512BF16__)
  if (holds_pairs(tile.precision))
    return multiply_at_most<Pairs, kTileRows, kTileVectors>(tile, vectors);
#endif
  multiply_at_most<Floats, kTileRows, kTileVectors>(tile, vectors);
}

}  // namespace

// The compiler gives vector registers to whoever needs them.
TileRegisters::TileRegisters() = default;
TileRegisters::~TileRegisters() = default;

// a: place (i, l) at a[l * kTileRows + i]; b: place (l, j) at b[l * b_panel_stride(columns) + j],
// aligned to a vector, zero beyond `columns`. A place is a float, or the bfloat16s 2 l and 2 l + 1.
void multiply_tile(const Tile& tile) {
  const int64_t vectors = b_panel_stride(tile.columns) / kWidth;
  if (tile.columns == vectors * kWidth) {
    return multiply_vectors(tile, vectors);
  }
  // The last columns of c fill no vector: sum beside c, then copy what is part of it.
  alignas(Vec) float sum[kTileRows * kTileColumns];
  Tile beside = tile;
  beside.c = sum;
  beside.ldc = kTileColumns;
  beside.add = false;
  beside.written = beside.read = {};
  multiply_vectors(beside, vectors);
  for (int64_t i = 0; i < tile.rows; ++i) {
    for (int64_t j = 0; j < tile.columns; j += kWidth) {
      const int64_t lanes = tile.columns - j;
      float* target = tile.c + i * tile.ldc + j;
      const Vec value = load(sum + i * kTileColumns + j);
      store(target, tile.add ? load(target, lanes) + value : value, lanes);
    }
  }
}

}  // namespace lathe::cpu::LATHE_ISA
