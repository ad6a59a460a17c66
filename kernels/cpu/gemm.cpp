#include "kernels/cpu/gemm.h"

#include <omp.h>

#include "kernels/cpu/gemm_epilogue.h"
#include "kernels/cpu/gemm_pack.h"
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

// More units than threads, so that one thread held up does not hold up all.
constexpr int64_t kUnitsPerThread = 8;

// Fewer where the kept panels of all blocks of k do not fit the L2 cache: every unit reads them
// all.
constexpr int64_t kWideUnitsPerThread = 3;

// Multiply-adds that are worth one more thread: about 15 microseconds on it, some times the cost of
// a parallel region.
constexpr int64_t kMinWorkPerThread = 1 << 19;

int64_t divide_up(int64_t a, int64_t b) { return (a + b - 1) / b; }

struct Range {
  int64_t begin, end;
  int64_t size() const { return end - begin; }
};

// An operand on its way into panels.
struct Side {
  PanelSource source;
  int64_t lines;
  int tile_lines;    // in a panel
  int packed_lines;  // at a time
  void (*pack_panels)(const PanelSource&, int64_t, int64_t, int64_t, int64_t, float*);

  // Floats of memory for the panels of so many lines, k elements of each.
  int64_t floats(int64_t count, int64_t k) const {
    return divide_up(count, tile_lines) * panel_floats(source.precision, tile_lines, k);
  }

  // Adds the sums of what it packs to row_sum, which begins with the range's first line, if there
  // is one: nowhere else are the elements as near.
  void pack(Range range, Range l, float* panels, float* row_sum = nullptr) const {
    for (int64_t line = range.begin; line < range.end; line += packed_lines) {
      const int64_t count = minimum(packed_lines, range.end - line);
      pack_panels(source, line, count, l.begin, l.size(), panels);
      panels += floats(packed_lines, l.size());
      if (row_sum == nullptr) continue;
      add_row_sums(source, line, count, l.begin, l.size(), row_sum + (line - range.begin));
    }
  }
};

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
  void multiply(Range rows, const float* a_panels, Range columns, const float* b_panels,
                Range l) const;

  const GemmArgs& args_;
  const Side a_, b_;
  const int64_t k_blocks_, k_length_;
  const bool keep_a_;
  const Side &kept_, &passing_;
  int64_t kept_chunk_, unit_;
  float *kept_panels_, *passing_panels_;
};

Product::Product(const GemmArgs& args, int64_t threads)
    : args_(args),
      a_{{args.a, args.lda, !args.transpose_a, args.precision},
         args.m,
         kTileRows,
         kPackedRows,
         pack_a_panels},
      b_{{args.b, args.ldb, args.transpose_b, args.precision},
         args.n,
         kTileColumns,
         kTileColumns,
         pack_b_panel},
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
  static thread_local Scratch scratch;
  kept_panels_ = scratch.floats(kept_floats + passing_.floats(unit_, k_length_));
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
    kept_.pack(kept, k_block(block), panels);
    panels += kept_.floats(kept.size(), k_length_);
  }
}

void Product::multiply_unit(Range kept, Range passing) const {
  const float* kept_panels = kept_panels_;
  // Lines of b pass by an a that is kept, lines of a pass once for each chunk of b.
  const bool sums = args_.a_row_sum != nullptr && !keep_a_ && kept.begin == 0;
  float* const row_sum = sums ? args_.a_row_sum + passing.begin : nullptr;
  for (int64_t block = 0; block < k_blocks_; ++block) {
    const Range l = k_block(block);
    passing_.pack(passing, l, passing_panels_, row_sum);
    if (keep_a_) {
      multiply(kept, kept_panels, passing, passing_panels_, l);
    } else {
      multiply(passing, passing_panels_, kept, kept_panels, l);
    }
    kept_panels += kept_.floats(kept.size(), k_length_);
  }
}

void Product::multiply(Range rows, const float* a_panels, Range columns, const float* b_panels,
                       Range l) const {
  const bool add = args_.accumulate || l.begin > 0;
  const bool complete = l.end == args_.k && args_.epilogue != Epilogue::kNone;
  const bool reads_saved = complete && args_.epilogue == Epilogue::kGeluBackward;
  const TileRegisters registers;
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
                     .read_next = reads_saved ? args_.saved + offset : nullptr});
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
