// Panels for matrix registers (panel.h). Both kinds begin as 16 lines of 32 floats: for a as 32
// vectors along the lines, for b as 32 vectors across them. One of the two lies in memory as it is,
// the other is transposed on the way.
#include "kernels/cpu/gemm_pack.h"

#include "kernels/cpu/amx/panel.h"
#include "kernels/cpu/gemm_tile.h"

namespace lathe::cpu::LATHE_ISA {
namespace {

static_assert(kTileRows == 2 * kBlockLines && kTileColumns == 2 * kBlockLines);
static_assert(kPackedRows == kTileRows);  // one panel
static_assert(kWidth == kBlockLines && kPieceBytes == 32 * kDepthStep * 2);

Vec load_quads(const float* source, int64_t ld) {
  Vec v = _mm512_castps128_ps512(_mm_loadu_ps(source));
  v = _mm512_insertf32x4(v, _mm_loadu_ps(source + 4 * ld), 1);
  v = _mm512_insertf32x4(v, _mm_loadu_ps(source + 8 * ld), 2);
  return _mm512_insertf32x4(v, _mm_loadu_ps(source + 12 * ld), 3);
}

// to[j][i] = from[i * ld + j] for i, j < 16. Rows i, i + 4, i + 8, i + 12 are loaded side by side,
// so that what remains is to transpose 4 x 4 within each quarter of a vector.
void transpose(const float* from, int64_t ld, Vec* to) {
  for (int j = 0; j < 16; j += 4) {
    const Vec row0 = load_quads(from + j, ld), row1 = load_quads(from + ld + j, ld);
    const Vec row2 = load_quads(from + 2 * ld + j, ld), row3 = load_quads(from + 3 * ld + j, ld);
    const auto low = [](Vec x, Vec y) {
      return __builtin_shufflevector(x, y, 0, 16, 1, 17, 4, 20, 5, 21, 8, 24, 9, 25, 12, 28, 13,
                                     29);
    };
    const auto high = [](Vec x, Vec y) {
      return __builtin_shufflevector(x, y, 2, 18, 3, 19, 6, 22, 7, 23, 10, 26, 11, 27, 14, 30, 15,
                                     31);
    };
    const Vec low02 = low(row0, row2), high02 = high(row0, row2);
    const Vec low13 = low(row1, row3), high13 = high(row1, row3);
    to[j] = low(low02, low13);
    to[j + 1] = high(low02, low13);
    to[j + 2] = low(high02, high13);
    to[j + 3] = high(high02, high13);
  }
}

// What is there of 16 lines and 32 elements of them: the first `lines` and `count`.
struct Corner {
  const PanelSource& source;
  int64_t first, lines, first_l, count;

  // Asks for the lines of memory that hold it. They lie too far apart for the processor to see
  // which comes next.
  void fetch() const {
    const int64_t run = source.lines_contiguous ? count : lines;
    const int64_t runs = source.lines_contiguous ? lines : count;
    const float* from = at(0, 0);
    for (int64_t i = 0; i < runs; ++i, from += source.ld) {
      for (int64_t j = 0; j < run; j += kBlockLines) __builtin_prefetch(from + j);
    }
  }
  bool whole() const { return lines == kBlockLines && count == kDepthStep; }
  const float* at(int64_t line, int64_t l) const { return source.at(first + line, first_l + l); }
};

// x[2 i + h]: elements 16 h … 16 h + 15 of line i.
void load_along(const Corner& corner, Vec* x) {
  constexpr int kLanes = kWidth;
  if (corner.source.lines_contiguous) {
    for (int64_t i = 0; i < kBlockLines; ++i) {
      for (int64_t h = 0; h < 2; ++h) {
        const int64_t lanes = i < corner.lines ? corner.count - h * kLanes : 0;
        x[2 * i + h] = lanes > 0 ? load(corner.at(i, h * kLanes), lanes) : Vec{};
      }
    }
    return;
  }
  alignas(64) float copy[kDepthStep * kBlockLines];
  const float* from = corner.at(0, 0);
  int64_t ld = corner.source.ld;
  if (!corner.whole()) {
    for (int64_t l = 0; l < kDepthStep; ++l) {
      store(copy + l * kBlockLines, l < corner.count ? load(from + l * ld, corner.lines) : Vec{});
    }
    from = copy;
    ld = kBlockLines;
  }
  for (int64_t h = 0; h < 2; ++h) {
    Vec half[kBlockLines];
    transpose(from + h * kLanes * ld, ld, half);
    for (int64_t i = 0; i < kBlockLines; ++i) x[2 * i + h] = half[i];
  }
}

// x[l]: element l of each of the 16 lines.
void load_across(const Corner& corner, Vec* x) {
  const float* from = corner.at(0, 0);
  int64_t ld = corner.source.ld;
  if (!corner.source.lines_contiguous) {
    for (int64_t l = 0; l < kDepthStep; ++l) {
      x[l] = l < corner.count ? load(from + l * ld, corner.lines) : Vec{};
    }
    return;
  }
  alignas(64) float copy[kBlockLines * kDepthStep];
  if (!corner.whole()) {
    for (int64_t i = 0; i < kBlockLines; ++i) {
      for (int64_t l = 0; l < kDepthStep; l += kWidth) {
        const int64_t lanes = i < corner.lines ? corner.count - l : 0;
        store(copy + i * kDepthStep + l, lanes > 0 ? load(from + i * ld + l, lanes) : Vec{});
      }
    }
    from = copy;
    ld = kDepthStep;
  }
  transpose(from, ld, x);
  transpose(from + kWidth, ld, x + kWidth);
}

// x0, y0, x1, y1, … of the bfloat16s x0 … x15, y0 … y15.
__m512i interleave(__m512i packed) {
  const __m512i order = _mm512_set_epi16(31, 15, 30, 14, 29, 13, 28, 12, 27, 11, 26, 10, 25, 9, 24,
                                         8, 23, 7, 22, 6, 21, 5, 20, 4, 19, 3, 18, 2, 17, 1, 16, 0);
  return _mm512_maskz_permutexvar_epi16(0xffffffff, order, packed);
}

// The pieces of two vectors, one row of a block each: all of x, then all of y, or in turn.
template <int kPieces, bool kInTurn>
void store_pieces(Vec x, Vec y, char* row) {
  for (int piece = 0; piece < kPieces; ++piece) {
    const auto packed = reinterpret_cast<__m512i>(_mm512_cvtne2ps_pbh(y, x));
    const __m512i pairs = interleave(packed);
    _mm512_store_si512(row + piece * kPieceBytes, kInTurn ? pairs : packed);
    if (piece == kPieces - 1) break;
    // A bfloat16 is the upper half of a float. The differences are exact.
    x -= reinterpret_cast<Vec>(reinterpret_cast<WordVec>(pairs) << 16);
    y -= reinterpret_cast<Vec>(reinterpret_cast<WordVec>(pairs) & 0xffff0000u);
  }
}

// How many blocks ahead of the one that is packed the operand's lines are fetched.
constexpr int64_t kBlocksAhead = 2;

// Calls work(corner, address of the block's first piece) for every block of a panel.
template <int kPieces, class Work>
void for_each_block(const PanelSource& source, int64_t first, int64_t lines, int64_t first_l,
                    int64_t k, float* panel, const Work& work) {
  const int64_t halves = lines > kBlockLines ? 2 : 1;
  const int64_t blocks = halves * (round_up(k, kDepthStep) / kDepthStep);
  const auto corner = [&](int64_t block) {
    const int64_t line = block % halves * kBlockLines, l = block / halves * kDepthStep;
    return Corner{source, first + line, minimum(kBlockLines, lines - line), first_l + l,
                  minimum(kDepthStep, k - l)};
  };
  for (int64_t block = 0; block < blocks; ++block) {
    if (block + kBlocksAhead < blocks) corner(block + kBlocksAhead).fetch();
    char* step = reinterpret_cast<char*>(panel) + block / halves * step_bytes(kPieces);
    work(corner(block), step + block % halves * kBlockBytes);
  }
}

template <int kPieces>
void pack_a(const PanelSource& a, int64_t first, int64_t rows, int64_t first_l, int64_t k,
            float* panel) {
  for_each_block<kPieces>(a, first, rows, first_l, k, panel, [](const Corner& corner, char* block) {
    Vec x[2 * kBlockLines];
    load_along(corner, x);
    for (int i = 0; i < kBlockLines; ++i)
      store_pieces<kPieces, false>(x[2 * i], x[2 * i + 1], block + i * kBlockRowBytes);
  });
}

template <int kPieces>
void pack_b(const PanelSource& b, int64_t first, int64_t columns, int64_t first_l, int64_t k,
            float* panel) {
  for_each_block<kPieces>(
      b, first, columns, first_l, k, panel, [](const Corner& corner, char* block) {
        Vec x[kDepthStep];
        load_across(corner, x);
        for (int p = 0; p < kDepthStep / 2; ++p)
          store_pieces<kPieces, true>(x[2 * p], x[2 * p + 1], block + p * kBlockRowBytes);
      });
}

}  // namespace

void pack_a_panels(const PanelSource& a, int64_t first, int64_t rows, int64_t first_l, int64_t k,
                   float* panel) {
  const auto pack =
      a.precision == Precision::kBF16 ? pack_a<kPiecesOfBfloat16> : pack_a<kPiecesOfFloat>;
  pack(a, first, rows, first_l, k, panel);
}

void pack_b_panel(const PanelSource& b, int64_t first, int64_t columns, int64_t first_l, int64_t k,
                  float* panel) {
  const auto pack =
      b.precision == Precision::kBF16 ? pack_b<kPiecesOfBfloat16> : pack_b<kPiecesOfFloat>;
  pack(b, first, columns, first_l, k, panel);
}

}  // namespace lathe::cpu::LATHE_ISA
