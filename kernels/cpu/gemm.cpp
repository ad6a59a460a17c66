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
// a time, used while they are in the L2 cache.
constexpr int64_t kPassingBytes = 592 << 10;

// Multiply-adds that are worth one more thread: about 15 microseconds on it, some times the cost of
// a parallel region.
constexpr int64_t kMinWorkPerThread = 1 << 19;

int64_t divide_up(int64_t a, int64_t b) { return (a + b - 1) / b; }

// One product. Every thread of a team has one of its own.
class Product {
 public:
  Product(const GemmArgs& args, int64_t threads);

  // The part of the work that falls to this thread of the team.
  void run() const;

 private:
  Range k_block(int64_t block) const;
  void sum_rows() const;
  void pack_kept(Range kept) const;
  void multiply_unit(Range kept, Range passing) const;
  void multiply(Range rows, const float* a_panels, Range columns, const float* b_panels, Range l,
                Packing& beside) const;

  const GemmArgs& args_;
  const Operand a_, b_;
  const int64_t k_blocks_, k_length_;
  const bool keep_a_;
  const Operand &kept_, &passing_;
  int64_t kept_chunk_, unit_;
  int64_t group_, group_floats_;  // lines of the passing operand that are packed at a time
  float *kept_panels_, *passing_panels_;
};

Product::Product(const GemmArgs& args, int64_t threads)
    : args_(args),
      a_{{args.a, args.lda, !args.transpose_a, args.precision},
         args.m,
         kTileRows,
         kPackedRows,
         pack_a_part},
      b_{{args.b, args.ldb, args.transpose_b, args.precision},
         args.n,
         kTileColumns,
         kPackedColumns,
         pack_b_part},
      // Equal blocks, so that no short one wastes its pass over c.
      k_blocks_(maximum(1, divide_up(args.k, max_k(args.precision)))),
      k_length_(round_up(divide_up(args.k, k_blocks_), kDepthStep)),
      keep_a_(args.m <= args.n),
      kept_(keep_a_ ? a_ : b_),
      passing_(keep_a_ ? b_ : a_) {
  const int64_t line_bytes = maximum(1, k_length_ * element_bytes(args.precision));
  const int64_t kept_most = maximum(kept_.tile_lines, kKeptBytes / line_bytes);
  const int64_t chunks = maximum(1, divide_up(kept_.lines, kept_most));
  kept_chunk_ = round_up(divide_up(kept_.lines, chunks), kept_.tile_lines);
  const int64_t kept_floats = k_blocks_ * kept_.floats(kept_chunk_, k_length_);
  const bool fits = kept_floats * static_cast<int64_t>(sizeof(float)) <= kKeptBytes;
  const int64_t units = fits ? kUnitsPerThread : kWideUnitsPerThread;
  const int64_t share = divide_up(passing_.lines, threads == 1 ? 1 : threads * units);
  unit_ = round_up(minimum(share, kPassingBytes / line_bytes), passing_.tile_lines);
  group_ = kPacksBeside ? passing_.tile_lines : unit_;
  group_floats_ = passing_.floats(group_, k_length_);
  static thread_local Scratch scratch;
  kept_panels_ = scratch.floats(kept_floats + (kPacksBeside ? 2 : 1) * group_floats_);
  passing_panels_ = kept_panels_ + kept_floats;
}

Range Product::k_block(int64_t block) const {
  return {minimum(block * k_length_, args_.k), minimum((block + 1) * k_length_, args_.k)};
}

void Product::run() const {
  if (args_.a_row_sum != nullptr && keep_a_) sum_rows();
  for (int64_t first = 0; first < kept_.lines; first += kept_chunk_) {
    const Range kept = {first, minimum(first + kept_chunk_, kept_.lines)};
    bool packed = false;
#pragma omp for schedule(dynamic) nowait
    for (int64_t line = 0; line < passing_.lines; line += unit_) {
      if (!packed) pack_kept(kept);
      packed = true;
      multiply_unit(kept, {line, minimum(line + unit_, passing_.lines)});
    }
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

void Product::pack_kept(Range kept) const {
  float* panels = kept_panels_;
  for (int64_t block = 0; block < k_blocks_; ++block) {
    Packing(kept_, kept, k_block(block), panels).finish();
    panels += kept_.floats(kept.size(), k_length_);
  }
}

void Product::multiply_unit(Range kept, Range passing) const {
  const TileRegisters registers;
  // Lines of b pass by an a that is kept, lines of a pass once for each chunk of b.
  const bool sums = args_.a_row_sum != nullptr && !keep_a_ && kept.begin == 0;
  const int64_t groups = divide_up(passing.size(), group_), turns = groups * k_blocks_;
  const auto lines_of = [&](int64_t turn) {
    const int64_t line = passing.begin + turn % groups * group_;
    return Range{line, minimum(line + group_, passing.end)};
  };
  // One group's panels are read while the next one's are written.
  const auto panels_of = [&](int64_t turn) {
    return passing_panels_ + (kPacksBeside ? turn % 2 * group_floats_ : 0);
  };
  const auto packing_of = [&](int64_t turn) {
    if (turn == turns) return Packing();
    const Range lines = lines_of(turn);
    return Packing(passing_, lines, k_block(turn / groups), panels_of(turn),
                   sums ? args_.a_row_sum + lines.begin : nullptr);
  };
  packing_of(0).finish();
  for (int64_t turn = 0; turn < turns; ++turn) {
    const int64_t block = turn / groups;
    const Range lines = lines_of(turn), l = k_block(block);
    const float* kept_panels = kept_panels_ + block * kept_.floats(kept.size(), k_length_);
    Packing next = packing_of(turn + 1);
    next.spread(divide_up(kept.size(), kept_.tile_lines) * divide_up(l.size(), kDepthStep));
    if (keep_a_) {
      multiply(kept, kept_panels, lines, panels_of(turn), l, next);
    } else {
      multiply(lines, panels_of(turn), kept, kept_panels, l, next);
    }
    next.finish();
  }
}

void Product::multiply(Range rows, const float* a_panels, Range columns, const float* b_panels,
                       Range l, Packing& beside) const {
  const bool add = args_.accumulate || l.begin > 0;
  const bool complete = l.end == args_.k && args_.epilogue != Epilogue::kNone;
  const bool reads_saved = complete && args_.epilogue == Epilogue::kGeluBackward;
  const float* b_panel = b_panels;
  for (int64_t column = columns.begin; column < columns.end; column += kTileColumns) {
    const int64_t column_count = minimum(kTileColumns, columns.end - column);
    const float* a_panel = a_panels;
    for (int64_t row = rows.begin; row < rows.end; row += kTileRows) {
      const int64_t row_count = minimum(kTileRows, rows.end - row);
      const int64_t offset = row * args_.ldc + column;
      multiply_tile({.precision = args_.precision,
                     .rows = row_count,
                     .columns = column_count,
                     .k = l.size(),
                     .a = a_panel,
                     .b = b_panel,
                     .c = args_.c + offset,
                     .ldc = args_.ldc,
                     .add = add,
                     .read_next = reads_saved ? args_.saved + offset : nullptr,
                     .beside = &beside});
      if (complete) apply_epilogue(args_, row, row_count, column, column_count);
      a_panel += a_.floats(kTileRows, l.size());
    }
    b_panel += b_.floats(kTileColumns, l.size());
  }
}

// A call from inside a parallel region stays on its thread.
int64_t thread_count(const GemmArgs& args) {
  if (omp_in_parallel()) return 1;
  const int64_t worth = args.m * args.n * args.k / kMinWorkPerThread;
  return maximum(1, minimum(worth, omp_get_max_threads()));
}

}  // namespace

void gemm(const GemmArgs& args, Stream /*stream*/) {
  if (args.m == 0) return;
  const int64_t threads = thread_count(args);
  // The work sharing in run() would join an enclosing team: a nested call makes its own, of one.
  if (threads == 1 && !omp_in_parallel()) return Product(args, 1).run();
#pragma omp parallel num_threads(static_cast <int>(threads))
  Product(args, threads).run();
}

}  // namespace lathe::cpu::LATHE_ISA
