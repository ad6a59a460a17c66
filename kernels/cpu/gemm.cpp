#include "kernels/cpu/gemm.h"

#include <omp.h>

#include "kernels/cpu/gemm_epilogue.h"
#include "kernels/cpu/gemm_packing.h"
#include "kernels/cpu/gemm_row_sum.h"
#include "kernels/cpu/gemm_tile.h"
#include "kernels/scratch.h"

namespace lathe::cpu::LATHE_ISA {
namespace {

// Rows of a whose sums one thread makes at a time.
constexpr int64_t kSummedRows = 64;

// Of the two operands the one with fewer lines is kept, in chunks of which one block of k fits the
// L2 cache. Each thread packs it for itself: sharing one copy would cost a barrier and, for every
// line, the way from another core's cache, which takes as long as packing.
constexpr int64_t kKeptBytes = 5 << 18;

// The other operand passes by: a unit of work is so many of its lines, packed for one block of k at
// a time (where kPacksBeside says so a panel at a time), used while they are in the L2 cache.
constexpr int64_t kPassingBytes = 592 << 10;

// More units than threads, so that one thread held up does not hold up all.
constexpr int64_t kUnitsPerThread = 8;

// Fewer where the kept panels of all blocks of k do not fit the L2 cache: every unit reads them
// all.
constexpr int64_t kWideUnitsPerThread = 3;

// Multiply-adds that are worth one more thread: about 15 microseconds on it, some times the cost of
// a parallel region.
constexpr int64_t kMinWorkPerThread = 1 << 19;

// Sums that wait for the next block of k beside c, in the L2 cache.
constexpr int64_t kSumsFloats = 64 << 10;

constexpr int64_t kTileFloats = kTileRows * kTileColumns;

// One panel, or as many as are packed at a time, of the passing operand, multiplied by what is
// kept. A unit of work is as many of them as its lines and the blocks of k make.
struct Turn {
  int64_t unit;   // those of one chunk of the kept operand after those of another
  int64_t block;  // of k
  int64_t group;  // of the unit's lines
};

// A block of c, what is multiplied for it, and where the sums are made if that is not c.
struct Block {
  Range rows, columns, l;
  const float *a_panels, *b_panels;
  float* sums;
  int64_t next_row, next_column;  // floats from the sums of a tile to those beside it
};

// One product. Every thread of a team has one of its own.
class Product {
 public:
  // `claimed` counts the units that the team has taken on.
  Product(const GemmArgs& args, int64_t threads, int64_t& claimed);

  // The part of the work that falls to this thread of the team.
  void run();

 private:
  Range k_block(int64_t block) const;
  Range kept_lines(const Turn& turn) const;
  Range unit_lines(const Turn& turn) const;
  Range passing_lines(const Turn& turn) const;
  bool there(const Turn& turn) const { return turn.unit < chunks_ * units_; }
  Turn claim();
  Turn after(const Turn& turn);
  Packing passing_packing(const Turn& turn, float* panels) const;
  Packing kept_packing(const Turn& turn);
  void sum_rows() const;
  void multiply(const Turn& turn, const float* passing_panels, Packing& next);
  void multiply(const Block& block, Packing& kept, Packing& next) const;
  void place_in_c(Tile& tile, int64_t row, int64_t column, bool complete) const;
  RowsAhead rows_ahead(const ConstNumbers& x, int64_t offset, int64_t columns) const;

  const GemmArgs& args_;
  int64_t& claimed_;
  const Precision precision_;  // of the panels
  const bool sums_in_c_;       // else in sums_, until they are complete
  const Operand a_, b_;
  const int64_t k_blocks_, k_length_;
  const bool keep_a_;
  const Operand &kept_, &passing_;
  int64_t kept_chunk_, unit_, group_;  // lines
  int64_t chunks_, units_;
  float *kept_panels_, *passing_panels_[2];
  // Tiles of sums, those of a unit by those of what is kept, or one tile where k is one block.
  float* sums_;
  int64_t packing_unit_ = -1;  // this thread's first of the chunk that is kept
};

// Whether whole tiles of a's rows are read where they lie. It does not depend on their number, so
// that blocks of k do not.
bool reads_rows(const GemmArgs& args) {
  return kReadsRows && args.a.precision == Precision::kBF16 && !args.transpose_a &&
         args.k % kDepthStep == 0;
}

Product::Product(const GemmArgs& args, int64_t threads, int64_t& claimed)
    : args_(args),
      claimed_(claimed),
      precision_(args.a.precision == Precision::kBF16 ? Precision::kBF16 : args.precision),
      sums_in_c_(args.c.precision == Precision::kF32),
      a_{{args.a, args.lda, !args.transpose_a, precision_},
         args.m,
         kTileRows,
         packed_rows(!args.transpose_a),
         pack_a_part,
         reads_rows(args) ? args.m / kTileRows * kTileRows : 0},
      b_{{args.b, args.ldb, args.transpose_b, precision_},
         args.n,
         kTileColumns,
         packed_columns(args.transpose_b),
         pack_b_part,
         0},
      // Equal blocks, so that no short one wastes its pass over c.
      k_blocks_(maximum(1, divide_up(args.k, max_k(precision_, reads_rows(args))))),
      k_length_(round_up(divide_up(args.k, k_blocks_), kDepthStep)),
      keep_a_(args.m <= args.n),
      kept_(keep_a_ ? a_ : b_),
      passing_(keep_a_ ? b_ : a_) {
  const int64_t line_bytes = maximum(1, k_length_ * element_bytes(precision_));
  const int64_t kept_most = maximum(kept_.tile_lines, kKeptBytes / line_bytes);
  const int64_t chunks = divide_up(kept_.lines, kept_most);
  kept_chunk_ = round_up(divide_up(kept_.lines, chunks), kept_.tile_lines);
  const int64_t kept_floats = k_blocks_ * kept_.floats(kept_chunk_, k_length_);
  const bool fits = kept_floats * static_cast<int64_t>(sizeof(float)) <= kKeptBytes;
  const int64_t units = fits ? kUnitsPerThread : kWideUnitsPerThread;
  const int64_t share = divide_up(passing_.lines, threads == 1 ? 1 : threads * units);
  unit_ = minimum(share, kPassingBytes / line_bytes);
  if (!sums_in_c_ && k_blocks_ > 1) unit_ = minimum(unit_, kSumsFloats / kept_chunk_);
  unit_ = round_up(maximum(1, unit_), passing_.tile_lines);
  group_ = kPacksBeside ? minimum(passing_.packed_lines, unit_) : unit_;
  chunks_ = divide_up(kept_.lines, kept_chunk_);
  units_ = divide_up(passing_.lines, unit_);
  const int64_t group_floats = passing_.floats(group_, k_length_);
  const int64_t sums = sums_in_c_ ? 0 : k_blocks_ == 1 ? kTileFloats : unit_ * kept_chunk_;
  static thread_local Scratch scratch;
  kept_panels_ = scratch.floats(kept_floats + (kPacksBeside ? 2 : 1) * group_floats + sums);
  // One group's panels are read while the next one's are written.
  passing_panels_[0] = kept_panels_ + kept_floats;
  passing_panels_[1] = passing_panels_[0] + (kPacksBeside ? group_floats : 0);
  sums_ = passing_panels_[1] + group_floats;
}

Range Product::k_block(int64_t block) const {
  return {minimum(block * k_length_, args_.k), minimum((block + 1) * k_length_, args_.k)};
}

Range Product::kept_lines(const Turn& turn) const {
  const int64_t line = turn.unit / units_ * kept_chunk_;
  return {line, minimum(line + kept_chunk_, kept_.lines)};
}

Range Product::unit_lines(const Turn& turn) const {
  const int64_t line = turn.unit % units_ * unit_;
  return {line, minimum(line + unit_, passing_.lines)};
}

Range Product::passing_lines(const Turn& turn) const {
  const Range unit = unit_lines(turn);
  const int64_t line = unit.begin + turn.group * group_;
  return {line, minimum(line + group_, unit.end)};
}

Turn Product::claim() { return {__atomic_fetch_add(&claimed_, 1, __ATOMIC_RELAXED), 0, 0}; }

Turn Product::after(const Turn& turn) {
  if (passing_lines(turn).end < unit_lines(turn).end)
    return {turn.unit, turn.block, turn.group + 1};
  if (turn.block + 1 < k_blocks_) return {turn.unit, turn.block + 1, 0};
  return claim();
}

Packing Product::passing_packing(const Turn& turn, float* panels) const {
  if (!there(turn)) return Packing();
  const Range lines = passing_lines(turn);
  // Lines of b pass by an a that is kept, lines of a pass once for each chunk of b.
  const bool sums = args_.a_row_sum != nullptr && !keep_a_ && turn.unit < units_;
  return Packing(passing_, lines, k_block(turn.block), panels,
                 sums ? args_.a_row_sum + lines.begin : nullptr);
}

// What a thread keeps is packed in the first of its units that reads it.
Packing Product::kept_packing(const Turn& turn) {
  if (packing_unit_ < 0 || packing_unit_ / units_ < turn.unit / units_) packing_unit_ = turn.unit;
  if (turn.unit != packing_unit_ || turn.group > 0) return Packing();
  const Range lines = kept_lines(turn);
  return Packing(kept_, lines, k_block(turn.block),
                 kept_panels_ + turn.block * kept_.floats(lines.size(), k_length_));
}

void Product::run() {
  if (args_.a_row_sum != nullptr && keep_a_) sum_rows();
  const TileRegisters registers;
  Turn turn = claim();
  passing_packing(turn, passing_panels_[0]).finish();
  for (int64_t i = 0; there(turn); i = 1 - i) {
    const Turn following = after(turn);
    Packing next = passing_packing(following, passing_panels_[1 - i]);
    multiply(turn, passing_panels_[i], next);
    next.finish();
    turn = following;
  }
}

// Of an a that every thread packs for itself.
void Product::sum_rows() const {
#pragma omp for schedule(dynamic) nowait
  for (int64_t row = 0; row < args_.m; row += kSummedRows) {
    const int64_t rows = minimum(kSummedRows, args_.m - row);
    add_row_sums(a_.source, row, rows, 0, args_.k, args_.a_row_sum + row);
  }
}

void Product::multiply(const Turn& turn, const float* passing_panels, Packing& next) {
  const Range kept = kept_lines(turn), passing = passing_lines(turn), l = k_block(turn.block);
  const float* kept_panels = kept_panels_ + turn.block * kept_.floats(kept.size(), k_length_);
  const int64_t kept_tiles = divide_up(kept.size(), kept_.tile_lines);
  Packing keeping = kept_packing(turn);
  keeping.spread(kept_tiles * divide_up(l.size(), kDepthStep));
  next.spread(kept_tiles * divide_up(l.size(), kDepthStep));
  // Tiles of sums lie one after another as they are made.
  const int64_t tile = k_blocks_ == 1 ? 0 : kTileFloats, line_of_tiles = kept_tiles * tile;
  float* const sums =
      sums_ + (passing.begin - unit_lines(turn).begin) / passing_.tile_lines * line_of_tiles;
  if (keep_a_) {
    multiply({kept, passing, l, kept_panels, passing_panels, sums, tile, line_of_tiles}, keeping,
             next);
  } else {
    multiply({passing, kept, l, passing_panels, kept_panels, sums, line_of_tiles, tile}, keeping,
             next);
  }
}

void Product::multiply(const Block& block, Packing& kept, Packing& next) const {
  const auto& [rows, columns, l, a_panels, b_panels, sums, next_row, next_column] = block;
  const bool complete = l.end == args_.k;
  const bool finishes = complete && (!sums_in_c_ || args_.epilogue != Epilogue::kNone);
  const float* b_panel = b_panels;
  for (int64_t column = columns.begin; column < columns.end; column += kTileColumns) {
    const int64_t column_count = minimum(kTileColumns, columns.end - column);
    const float* a_panel = a_panels;
    float* sum = sums + (column - columns.begin) / kTileColumns * next_column;
    for (int64_t row = rows.begin; row < rows.end; row += kTileRows) {
      const int64_t row_count = minimum(kTileRows, rows.end - row);
      kept.finish(keep_a_ ? row + row_count : column + column_count);
      Tile tile{.precision = precision_,
                .rows = row_count,
                .columns = column_count,
                .k = l.size(),
                .a = a_panel,
                .b = b_panel,
                .a_row_bytes = 0,
                .c = sum,
                .ldc = kTileColumns,
                .add = l.begin > 0,
                .written = {},
                .read = {},
                .beside = kept.done() ? &next : &kept};
      if (row < a_.read_in_place) {
        tile.a = reinterpret_cast<const float*>(a_.source.at<Bfloat16>(row, l.begin));
        tile.a_row_bytes = args_.lda * static_cast<int64_t>(sizeof(Bfloat16));
      }
      place_in_c(tile, row, column, complete);
      multiply_tile(tile);
      if (finishes) apply_epilogue(args_, {row, row_count, column, column_count, tile.c, tile.ldc});
      a_panel += a_.floats(kTileRows, l.size());
      sum += next_row;
    }
    b_panel += b_.floats(kTileColumns, l.size());
  }
}

// Sums of the tile that begins there are made in c if they may be, and what lies there, or beside
// it, is fetched if they are or are `complete`.
void Product::place_in_c(Tile& tile, int64_t row, int64_t column, bool complete) const {
  const int64_t offset = row * args_.ldc + column;
  if (sums_in_c_) {
    tile.c = args_.c + offset;
    tile.ldc = args_.ldc;
    tile.add |= args_.accumulate;
  }
  if (sums_in_c_ || complete) tile.written = rows_ahead(args_.c, offset, tile.columns);
  if (complete && args_.epilogue == Epilogue::kGeluBackward)
    tile.read = rows_ahead(args_.saved, offset, tile.columns);
}

RowsAhead Product::rows_ahead(const ConstNumbers& x, int64_t offset, int64_t columns) const {
  const int64_t bytes = x.precision == Precision::kF32 ? 4 : 2;
  return {static_cast<const char*>(x.data) + offset * bytes, args_.ldc * bytes, columns * bytes};
}

// A call from inside a parallel region stays on its thread.
int64_t thread_count(const GemmArgs& args) {
  if (omp_in_parallel()) return 1;
  const int64_t worth = args.m * args.n * args.k / kMinWorkPerThread;
  return maximum(1, minimum(worth, omp_get_max_threads()));
}

// Where a product has no columns, its rows may still be summed.
void sum_rows_alone(const GemmArgs& args) {
  if (args.a_row_sum == nullptr) return;
  const PanelSource a = {args.a, args.lda, !args.transpose_a, args.precision};
  add_row_sums(a, 0, args.m, 0, args.k, args.a_row_sum);
}

}  // namespace

void gemm(const GemmArgs& args, Stream /*stream*/) {
  if (args.m == 0) return;
  if (args.n == 0) return sum_rows_alone(args);
  const int64_t threads = thread_count(args);
  int64_t claimed = 0;
  // The work sharing of sum_rows() would join an enclosing team: a nested call makes its own, of
  // one.
  if (threads == 1 && !omp_in_parallel()) return Product(args, 1, claimed).run();
#pragma omp parallel num_threads(static_cast <int>(threads))
  Product(args, threads, claimed).run();
}

}  // namespace lathe::cpu::LATHE_ISA
