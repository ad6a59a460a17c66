// Panels for matrix registers (panel.h). Neighbours along k become pairs, a word each, floats
// rounded to bfloat16. Where an operand's lines lie along memory this makes blocks of a, where they
// lie across, blocks of b; 16 x 16 words are transposed where the other kind is asked for.
#include "kernels/cpu/gemm_pack.h"

#include "kernels/cpu/amx/pack_bfloat16.h"
#include "kernels/cpu/amx/panel.h"
#include "kernels/cpu/amx/words.h"
#include "kernels/cpu/gemm_tile.h"

namespace lathe::cpu::LATHE_ISA {
namespace {

static_assert(kTileRows == 2 * kBlockLines && kTileColumns == 2 * kBlockLines);
static_assert(kWidth == kBlockLines && kPieceBytes == 32 * kDepthStep * 2);

// Where the elements of 16 lines begin, 32 of each, and how many lines and elements there are.
struct Corner {
  const float* from;
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

// One row of a block for each of 16 lines: its pairs.
template <int kPieces, bool kWhole>
void write_lines(const Corner& corner, char* block, int64_t piece_bytes) {
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

// One row of a block for each of 16 pairs: that of every line.
template <int kPieces, bool kWhole>
void write_pairs(const Corner& corner, char* block, int64_t piece_bytes) {
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

template <int kPieces>
void write_block(const Corner& corner, bool lines_contiguous, char* block, int64_t piece_bytes) {
  if (lines_contiguous) {
    if (corner.whole()) return write_lines<kPieces, true>(corner, block, piece_bytes);
    return write_lines<kPieces, false>(corner, block, piece_bytes);
  }
  if (corner.whole()) return write_pairs<kPieces, true>(corner, block, piece_bytes);
  write_pairs<kPieces, false>(corner, block, piece_bytes);
}

template <int kPieces>
void pack_floats(const PanelSource& source, bool of_a, int64_t first, int64_t first_l,
                 const PackedPart& part, char* step) {
  const bool along = source.lines_contiguous;
  const Corner corner = {source.at<float>(first + part.first_line, first_l + part.first_l),
                         source.ld, part.lines, part.k};
  char* const block = step + part.first_line / kBlockLines * kBlockBytes;
  if (along == of_a) return write_block<kPieces>(corner, along, block, kPieceBytes);
  alignas(64) char turned[kPieces * kBlockBytes];
  write_block<kPieces>(corner, along, turned, kBlockBytes);
  for (int piece = 0; piece < kPieces; ++piece) {
    transpose_words(turned + piece * kBlockBytes, kBlockRowBytes,
                    reinterpret_cast<float*>(block + piece * kPieceBytes), kBlockRowBytes);
  }
}

void pack_part(const PanelSource& source, bool of_a, int64_t first, int64_t lines, int64_t first_l,
               int64_t k, float* panels, int64_t part) {
  PackedPart at = packed_part(source, lines, k, part);
  // Within its panel.
  first += at.first_line / kTileRows * kTileRows;
  panels += at.first_line / kTileRows * panel_floats(source.precision, kTileRows, k);
  at.first_line %= kTileRows;
  const int64_t at_step = at.first_l / kDepthStep;
  auto* const steps = reinterpret_cast<char*>(panels);
  if (source.precision == Precision::kF32) {
    return pack_floats<kPiecesOfFloat>(source, of_a, first, first_l, at,
                                       steps + at_step * step_bytes(kPiecesOfFloat));
  }
  char* const step = steps + at_step * step_bytes(kPiecesOfBfloat16);
  if (source.data.precision == Precision::kBF16)
    return pack_bfloat16s(source, of_a, first, first_l, at, step);
  pack_floats<kPiecesOfBfloat16>(source, of_a, first, first_l, at, step);
}

int64_t depth_steps(int64_t k) { return divide_up(k, kDepthStep); }

// Lines of a part: those of a block, or of two where a row of memory has bfloat16s of two.
int64_t part_lines(const PanelSource& source) {
  const bool both = source.data.precision == Precision::kBF16 && !source.lines_contiguous;
  return both ? 2 * kBlockLines : kBlockLines;
}

}  // namespace

// A part is one step of k.
int64_t packing_parts(const PanelSource& source, int64_t lines, int64_t k) {
  return divide_up(lines, part_lines(source)) * depth_steps(k);
}

// They follow the operand's memory, which the processor then fetches ahead by itself. Asking for it
// changed nothing.
PackedPart packed_part(const PanelSource& source, int64_t lines, int64_t k, int64_t part) {
  const bool along = source.lines_contiguous;
  const int64_t most = part_lines(source), groups = divide_up(lines, most);
  const int64_t line = (along ? part / depth_steps(k) : part % groups) * most;
  const int64_t l = (along ? part % depth_steps(k) : part / groups) * kDepthStep;
  return {line, minimum(most, lines - line), l, minimum(kDepthStep, k - l)};
}

void pack_a_part(const PanelSource& a, int64_t first, int64_t rows, int64_t first_l, int64_t k,
                 float* panels, int64_t part) {
  pack_part(a, true, first, rows, first_l, k, panels, part);
}

void pack_b_part(const PanelSource& b, int64_t first, int64_t columns, int64_t first_l, int64_t k,
                 float* panels, int64_t part) {
  pack_part(b, false, first, columns, first_l, k, panels, part);
}

}  // namespace lathe::cpu::LATHE_ISA
