// The tile of gemm on matrix registers (Intel's AMX), which multiply bfloat16s: for that precision
// one product, for floats six.
//
// A float's 24 significant bits fill three bfloat16s of 8: x = x1 + x2 + x3, each the rounded rest
// of those before (gemm_pack.cpp). Of the nine products of pieces the six largest,
//   x1 y1,  x1 y2 + x2 y1,  x1 y3 + x2 y2 + x3 y1,
// leave out less than 2^-25 of x y, half of what rounding the product to a float leaves out. All
// are summed in floats: 16 even and 16 odd elements apart, then onto the sum, so that the error is
// about half that of the vectors' one long chain. One instruction multiplies 16 x 32 by 32 x 16, so
// six are still over twice as fast as vectors. (Henry, Tang & Heinecke, "Leveraging the bfloat16
// Artificial Intelligence Datatype For Higher-Precision Computations", 2019.)
//
// Unlike the vectors' product, this one is NaN instead of infinite where an operand is infinite or
// above 3.39e38, and takes pieces below 2^-126 for zero.
#include "kernels/cpu/gemm_tile.h"

#include "kernels/cpu/amx/gemm_blocks.h"
#include "kernels/cpu/amx/panel.h"

namespace lathe::cpu::LATHE_ISA {
namespace {

constexpr int kLineBytes = 64;  // of the cache

// What the instruction that configures the matrix registers reads.
struct alignas(64) Configuration {
  uint8_t palette = 1;
  uint8_t start_row = 0;
  uint8_t reserved[14] = {};
  uint16_t row_bytes[16] = {64, 64, 64, 64, 64, 64, 64, 64};
  uint8_t rows[16] = {16, 16, 16, 16, 16, 16, 16, 16};
};

// The intrinsics name registers by literals: 0 to 3 are the sums, 4 and 5 the upper and lower half
// of a's panel, 6 and 7 the left and right half of b's.
template <bool kLower>
__attribute__((always_inline)) inline void load_a(const char* step, int piece) {
  const char* block = step + piece * kPieceBytes;
  _tile_loadd(4, block, kBlockRowBytes);
  if constexpr (kLower) _tile_loadd(5, block + kBlockBytes, kBlockRowBytes);
}

template <bool kRight>
__attribute__((always_inline)) inline void load_b(const char* step, int piece) {
  const char* block = step + piece * kPieceBytes;
  _tile_loadd(6, block, kBlockRowBytes);
  if constexpr (kRight) _tile_loadd(7, block + kBlockBytes, kBlockRowBytes);
}

template <bool kLower, bool kRight>
__attribute__((always_inline)) inline void multiply_pieces() {
  _tile_dpbf16ps(0, 4, 6);
  if constexpr (kRight) _tile_dpbf16ps(1, 4, 7);
  if constexpr (kLower) _tile_dpbf16ps(2, 5, 6);
  if constexpr (kLower && kRight) _tile_dpbf16ps(3, 5, 7);
}

// Fetches what step s of so many has for its part: rows that will be written no nearer than the L2
// cache, as the way into L1 is taken by the panels. Always inline: GCC takes a function that does
// nothing else for one without effect, and drops its calls.
template <int kRowBytes>
__attribute__((always_inline)) inline void fetch_rows(int64_t s, int64_t steps, const Tile& tile) {
  const bool reads = tile.read.first != nullptr;
  for (int64_t row = s * kTileRows / steps; row < (s + 1) * kTileRows / steps; ++row) {
    for (int at = 0; at < kRowBytes; at += kLineBytes) {
      __builtin_prefetch(tile.written.first + row * tile.written.distance + at, 0, 2);
      if (reads) __builtin_prefetch(tile.read.first + row * tile.read.distance + at, 0);
    }
  }
}

template <bool kLower, bool kRight>
__attribute__((always_inline)) inline void multiply_step_of_floats(const char* a, const char* b) {
  // An order in which each load serves the products around it; small products first.
  load_a<kLower>(a, 0);
  load_b<kRight>(b, 2);
  multiply_pieces<kLower, kRight>();
  load_b<kRight>(b, 1);
  multiply_pieces<kLower, kRight>();
  load_a<kLower>(a, 1);
  multiply_pieces<kLower, kRight>();
  load_b<kRight>(b, 0);
  multiply_pieces<kLower, kRight>();
  load_a<kLower>(a, 2);
  multiply_pieces<kLower, kRight>();
  load_a<kLower>(a, 0);
  multiply_pieces<kLower, kRight>();
}

// Of a panel of a, or of rows of it.
template <bool kLower, bool kRight>
__attribute__((always_inline)) inline void multiply_step_of_bfloat16s(const char* a,
                                                                      int64_t row_bytes,
                                                                      const char* b) {
  _tile_loadd(4, a, row_bytes);
  _tile_loadd(6, b, kBlockRowBytes);
  _tile_dpbf16ps(0, 4, 6);
  if constexpr (kRight) {
    _tile_loadd(7, b + kBlockBytes, kBlockRowBytes);
    _tile_dpbf16ps(1, 4, 7);
  }
  if constexpr (kLower) {
    _tile_loadd(5, a + kBlockLines * row_bytes, row_bytes);
    _tile_dpbf16ps(2, 5, 6);
  }
  if constexpr (kLower && kRight) _tile_dpbf16ps(3, 5, 7);
}

// A tile whose c has room for whole blocks.
template <int kPieces, bool kLower, bool kRight>
void multiply(const Tile& tile) {
  const int64_t ldc = tile.ldc, steps = divide_up(tile.k, kDepthStep);
  const auto ld_bytes = static_cast<std::ptrdiff_t>(ldc * 4);
  const auto *a = reinterpret_cast<const char*>(tile.a), *b = reinterpret_cast<const char*>(tile.b);
  float *const c = tile.c, *const right = c + kBlockLines, *const lower = c + kBlockLines * ldc;
  if (tile.add) {
    _tile_loadd(0, c, ld_bytes);
    if constexpr (kRight) _tile_loadd(1, right, ld_bytes);
    if constexpr (kLower) _tile_loadd(2, lower, ld_bytes);
    if constexpr (kLower && kRight) _tile_loadd(3, lower + kBlockLines, ld_bytes);
  } else {
    _tile_zero(0);
    _tile_zero(1);
    _tile_zero(2);
    _tile_zero(3);
  }
  constexpr bool kFloats = kPieces == kPiecesOfFloat;
  const bool in_rows = !kFloats && tile.a_row_bytes != 0;
  const int64_t a_row = in_rows ? tile.a_row_bytes : kBlockRowBytes;
  const int64_t a_step = in_rows ? kBlockRowBytes : step_bytes(kPieces);
  // What the sums are added to is there already, if that is c.
  const bool c_is_there = tile.add && tile.written.first == reinterpret_cast<const char*>(c);
  const bool fetches = tile.written.first != nullptr && (!c_is_there || tile.read.first != nullptr);
  for (int64_t s = 0; s < steps; ++s, a += a_step, b += step_bytes(kPieces)) {
    if constexpr (kLower && kRight) {
      if (fetches) fetch_rows<kFloats ? 2 * kLineBytes : kLineBytes>(s, steps, tile);
    }
    if constexpr (kFloats) {
      multiply_step_of_floats<kLower, kRight>(a, b);
    } else {
      multiply_step_of_bfloat16s<kLower, kRight>(a, a_row, b);
    }
    tile.beside->step();
  }
  _tile_stored(0, c, ld_bytes);
  if constexpr (kRight) _tile_stored(1, right, ld_bytes);
  if constexpr (kLower) _tile_stored(2, lower, ld_bytes);
  if constexpr (kLower && kRight) _tile_stored(3, lower + kBlockLines, ld_bytes);
}

template <int kPieces>
void multiply_halves(const Tile& tile) {
  const bool lower = tile.rows > kBlockLines, right = tile.columns > kBlockLines;
  if (lower && right) return multiply<kPieces, true, true>(tile);
  if (lower) return multiply<kPieces, true, false>(tile);
  if (right) return multiply<kPieces, false, true>(tile);
  multiply<kPieces, false, false>(tile);
}

}  // namespace

void multiply_blocks(const Tile& tile) {
  if (tile.precision == Precision::kBF16) return multiply_halves<kPiecesOfBfloat16>(tile);
  multiply_halves<kPiecesOfFloat>(tile);
}

// A configured register makes every change of threads dearer for the operating system, so it does
// not stay so.
TileRegisters::TileRegisters() {
  static constexpr Configuration kConfiguration;
  _tile_loadconfig(&kConfiguration);
}

TileRegisters::~TileRegisters() { _tile_release(); }

void multiply_tile(const Tile& tile) {
  if (tile.rows == kTileRows && tile.columns == kTileColumns) return multiply_blocks(tile);
  // The registers know only whole blocks: what is beyond c's edge is summed beside it.
  alignas(64) float sum[kTileRows * kTileColumns] = {};
  const auto for_each_vector = [&](auto work) {
    for (int64_t i = 0; i < tile.rows; ++i) {
      for (int64_t j = 0; j < tile.columns; j += kWidth)
        work(tile.c + i * tile.ldc + j, sum + i * kTileColumns + j, tile.columns - j);
    }
  };
  if (tile.add)
    for_each_vector([](float* x, float* y, int64_t lanes) { store(y, load(x, lanes)); });
  Tile whole = tile;
  whole.c = sum;
  whole.ldc = kTileColumns;
  whole.written = whole.read = {};
  multiply_blocks(whole);
  for_each_vector([](float* x, float* y, int64_t lanes) { store(x, load(y), lanes); });
}

}  // namespace lathe::cpu::LATHE_ISA
