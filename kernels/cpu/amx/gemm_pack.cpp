// Panels for matrix registers (panel.h). Neighbours along k become pairs, a word each, floats
// rounded to bfloat16. Where an operand's lines lie along memory this makes blocks of a, where they
// lie across, blocks of b; 16 x 16 words are transposed where the other kind is asked for.
#include "kernels/cpu/gemm_pack.h"

#include "kernels/cpu/amx/panel.h"
#include "kernels/cpu/amx/words.h"
#include "kernels/cpu/gemm_tile.h"

namespace lathe::cpu::LATHE_ISA {
namespace {

static_assert(kTileRows == 2 * kBlockLines && kTileColumns == 2 * kBlockLines);
static_assert(kPackedRows == kTileRows);  // one panel
static_assert(kWidth == kBlockLines && kPieceBytes == 32 * kDepthStep * 2);

// Where the elements of 16 lines begin, 32 of each, and how many lines and elements there are.
template <class Number>
struct Corner {
  const Number* from;
  int64_t ld, lines, k;

  bool whole() const { return lines == kBlockLines && k == kDepthStep; }
};

// The pieces of two vectors, one row of a block each: all of x, then all of y, or in turn.
template <int kPieces, bool kInTurn>
void store_pieces(Vec x, Vec y, char* row, int64_t piece_bytes) {
  for (int piece = 0; piece < kPieces; ++piece) {
    const auto packed = reinterpret_cast<__m512i>(_mm512_cvtne2ps_pbh(y, x));
    const bool differences = piece < kPieces - 1;
    const __m512i pairs = kInTurn || differences ? interleave(packed) : packed;
    _mm512_store_si512(row + piece * piece_bytes, kInTurn ? pairs : packed);
    if (!differences) break;
    // A bfloat16 is the upper half of a float. The differences are exact.
    x -= reinterpret_cast<Vec>(reinterpret_cast<WordVec>(pairs) << 16);
    y -= reinterpret_cast<Vec>(reinterpret_cast<WordVec>(pairs) & 0xffff0000u);
  }
}

// Up to 16 elements.
Vec load_some(const float* from, int64_t there) { return there > 0 ? load(from, there) : Vec{}; }
__m512i load_pairs(const Bfloat16* from, int64_t there) {
  if (there >= kDepthStep) return _mm512_loadu_si512(from);
  return _mm512_maskz_loadu_epi16(static_cast<__mmask32>((uint64_t{1} << there) - 1), from);
}
HalfVec load_lines(const Bfloat16* from, int64_t there) {
  const auto mask = static_cast<__mmask16>((1u << there) - 1);
  return reinterpret_cast<HalfVec>(_mm256_maskz_loadu_epi16(mask, from));
}

// One row of a block for each of 16 lines: its pairs.
template <int kPieces, bool kWhole>
void write_lines(const Corner<float>& corner, char* block, int64_t piece_bytes) {
  const float* from = corner.from;
  for (int64_t i = 0; i < kBlockLines; ++i, from += corner.ld, block += kBlockRowBytes) {
    if constexpr (kWhole) {
      store_pieces<kPieces, false>(load(from), load(from + kWidth), block, piece_bytes);
    } else {
      const int64_t there = i < corner.lines ? corner.k : 0;
      store_pieces<kPieces, false>(load_some(from, there), load_some(from + kWidth, there - kWidth),
                                   block, piece_bytes);
    }
  }
}

template <int kPieces, bool kWhole>
void write_lines(const Corner<Bfloat16>& corner, char* block, int64_t /*piece_bytes*/) {
  const Bfloat16* from = corner.from;
  for (int64_t i = 0; i < kBlockLines; ++i, from += corner.ld, block += kBlockRowBytes) {
    const int64_t there = kWhole ? kDepthStep : i < corner.lines ? corner.k : 0;
    _mm512_store_si512(block, load_pairs(from, there));
  }
}

// One row of a block for each of 16 pairs: that of every line.
template <int kPieces, bool kWhole>
void write_pairs(const Corner<float>& corner, char* block, int64_t piece_bytes) {
  const float* from = corner.from;
  for (int64_t l = 0; l < kDepthStep; l += 2, from += 2 * corner.ld, block += kBlockRowBytes) {
    if constexpr (kWhole) {
      store_pieces<kPieces, true>(load(from), load(from + corner.ld), block, piece_bytes);
    } else {
      const Vec x = load_some(from, l < corner.k ? corner.lines : 0);
      const Vec y = load_some(from + corner.ld, l + 1 < corner.k ? corner.lines : 0);
      store_pieces<kPieces, true>(x, y, block, piece_bytes);
    }
  }
}

template <int kPieces, bool kWhole>
void write_pairs(const Corner<Bfloat16>& corner, char* block, int64_t /*piece_bytes*/) {
  const Bfloat16* from = corner.from;
  for (int64_t l = 0; l < kDepthStep; l += 2, from += 2 * corner.ld, block += kBlockRowBytes) {
    const int64_t even = kWhole || l < corner.k ? corner.lines : 0;
    const int64_t odd = kWhole || l + 1 < corner.k ? corner.lines : 0;
    const HalfVec x = load_lines(from, even), y = load_lines(from + corner.ld, odd);
    const auto both =
        __builtin_shufflevector(x, y, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17,
                                18, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 29, 30, 31);
    _mm512_store_si512(block, interleave(reinterpret_cast<__m512i>(both)));
  }
}

template <int kPieces, class Number>
void write_block(const Corner<Number>& corner, bool lines_contiguous, char* block,
                 int64_t piece_bytes) {
  if (lines_contiguous) {
    if (corner.whole()) return write_lines<kPieces, true>(corner, block, piece_bytes);
    return write_lines<kPieces, false>(corner, block, piece_bytes);
  }
  if (corner.whole()) return write_pairs<kPieces, true>(corner, block, piece_bytes);
  write_pairs<kPieces, false>(corner, block, piece_bytes);
}

template <int kPieces, class Number>
void pack_block(const PanelSource& source, bool of_a, int64_t first, int64_t lines, int64_t first_l,
                int64_t k, float* panel, int64_t part) {
  const PackedPart at = packed_part(source, lines, k, part);
  const bool along = source.lines_contiguous;
  const Corner<Number> corner = {source.at<Number>(first + at.first_line, first_l + at.first_l),
                                 source.ld, at.lines, at.k};
  char* const step = reinterpret_cast<char*>(panel) + at.first_l / kDepthStep * step_bytes(kPieces);
  char* const block = step + at.first_line / kBlockLines * kBlockBytes;
  if (along == of_a) return write_block<kPieces>(corner, along, block, kPieceBytes);
  if constexpr (!kIsFloat<Number>) {
    // Whole lines of pairs are words already.
    if (along && corner.whole())
      return transpose_words(corner.from, corner.ld * static_cast<int64_t>(sizeof(Number)),
                             reinterpret_cast<float*>(block), kBlockRowBytes);
  }
  alignas(64) char turned[kPieces * kBlockBytes];
  write_block<kPieces>(corner, along, turned, kBlockBytes);
  for (int piece = 0; piece < kPieces; ++piece) {
    transpose_words(turned + piece * kBlockBytes, kBlockRowBytes,
                    reinterpret_cast<float*>(block + piece * kPieceBytes), kBlockRowBytes);
  }
}

int64_t halves(int64_t lines) { return lines > kBlockLines ? 2 : 1; }

int64_t depth_steps(int64_t k) { return divide_up(k, kDepthStep); }

auto* packing_of(const PanelSource& source) {
  if (source.data.precision == Precision::kBF16) return pack_block<kPiecesOfBfloat16, Bfloat16>;
  if (source.precision == Precision::kBF16) return pack_block<kPiecesOfBfloat16, float>;
  return pack_block<kPiecesOfFloat, float>;
}

}  // namespace

// A part is a block of every piece.
int64_t packing_parts(int64_t lines, int64_t k) { return halves(lines) * depth_steps(k); }

// They follow the operand's memory, which the processor then fetches ahead by itself. Asking for it
// changed nothing.
PackedPart packed_part(const PanelSource& source, int64_t lines, int64_t k, int64_t part) {
  const bool along = source.lines_contiguous;
  const int64_t half = along ? part / depth_steps(k) : part % halves(lines);
  const int64_t step = along ? part % depth_steps(k) : part / halves(lines);
  const int64_t line = half * kBlockLines, l = step * kDepthStep;
  return {line, minimum(kBlockLines, lines - line), l, minimum(kDepthStep, k - l)};
}

void pack_a_part(const PanelSource& a, int64_t first, int64_t rows, int64_t first_l, int64_t k,
                 float* panel, int64_t part) {
  packing_of(a)(a, true, first, rows, first_l, k, panel, part);
}

void pack_b_part(const PanelSource& b, int64_t first, int64_t columns, int64_t first_l, int64_t k,
                 float* panel, int64_t part) {
  packing_of(b)(b, false, first, columns, first_l, k, panel, part);
}

}  // namespace lathe::cpu::LATHE_ISA
