#include "kernels/cpu/gemm.h"

#include <omp.h>

#include "kernels/cpu/gemm_epilogue.h"
#include "kernels/cpu/gemm_pack.h"
#include "kernels/cpu/gemm_tile.h"
#include "kernels/scratch.h"

namespace lathe::cpu::LATHE_ISA {
namespace {

// The most products in a block of k. Longer blocks pass over c less often, shorter ones keep more
// panels in the cache.
constexpr int64_t kMaxK = kWidth == 16 ? 384 : 256;

// The operand with fewer lines is packed first and kept, in chunks that the L2 cache nearly holds;
// the other passes by in chunks so small that they are used while they are in the L1 and L2 caches.
constexpr int64_t kKeptRows = 1024;
constexpr int64_t kKeptColumns = 32 * kTileColumns;
constexpr int64_t kPassingRows = 8 * kTileRows;
constexpr int64_t kPassingColumns = kTileColumns;

// Several threads take a larger chunk together: they wait for each other at the end of each.
constexpr int64_t kChunksPerThread = 8;
constexpr int64_t kMaxTeamChunks = 64;

// More units of work than threads, so that one thread held up does not hold up all.
constexpr int64_t kUnitsPerThread = 4;

// Multiply-adds that are worth one more thread: about 15 microseconds on it, some times the cost of
// a parallel region.
constexpr int64_t kMinWorkPerThread = 1 << 19;

int64_t divide_up(int64_t a, int64_t b) { return (a + b - 1) / b; }

struct Range {
  int64_t begin, end;
  int64_t size() const { return end - begin; }
};

// The range numbered `part` when [0, count) is cut into `parts` nearly equal ones.
Range part_of(int64_t count, int64_t parts, int64_t part) {
  return {count * part / parts, count * (part + 1) / parts};
}

void team_barrier() {
#pragma omp barrier
}

// One product, and the panels that its threads share.
class Product {
 public:
  Product(const GemmArgs& args, int64_t threads);

  // Called by every thread of the team.
  void run() const;

 private:
  Range k_block(int64_t block) const;
  void pack_a(Range rows, Range l, bool sum_rows) const;
  void pack_b(Range columns, Range l) const;
  void multiply(Range rows, Range columns, Range l) const;
  void multiply_unit(Range rows, Range columns, Range tiles, Range panels, Range l) const;

  const GemmArgs& args_;
  const int64_t threads_;
  const PanelSource a_, b_;
  const int64_t k_blocks_;
  const bool keep_a_;
  int64_t row_chunk_, column_chunk_;
  float *a_panels_, *b_panels_;
};

Product::Product(const GemmArgs& args, int64_t threads)
    : args_(args),
      threads_(threads),
      a_{args.a, args.lda, !args.transpose_a},
      b_{args.b, args.ldb, args.transpose_b},
      k_blocks_(maximum(1, divide_up(args.k, kMaxK))),
      keep_a_(args.m <= args.n || args.n == 0) {
  const int64_t team = threads == 1 ? 1 : minimum(threads * kChunksPerThread, kMaxTeamChunks);
  const int64_t rows = keep_a_ ? kKeptRows : kPassingRows * team;
  const int64_t columns = keep_a_ ? kPassingColumns * team : kKeptColumns;
  row_chunk_ = minimum(rows, round_up(args.m, kTileRows));
  column_chunk_ = minimum(columns, round_up(maximum(1, args.n), kTileColumns));
  static thread_local Scratch scratch;
  b_panels_ = scratch.floats((row_chunk_ + column_chunk_) * kMaxK);
  a_panels_ = b_panels_ + column_chunk_ * kMaxK;
}

// Equal blocks, so that no short one wastes its pass over c; multiples of 4, as packing transposes
// four elements at a time.
Range Product::k_block(int64_t block) const {
  const int64_t length = round_up(divide_up(args_.k, k_blocks_), 4);
  return {minimum(block * length, args_.k), minimum((block + 1) * length, args_.k)};
}

void Product::run() const {
  const int64_t kept_count = keep_a_ ? args_.m : args_.n;
  const int64_t kept_chunk = keep_a_ ? row_chunk_ : column_chunk_;
  const int64_t passing_count = keep_a_ ? args_.n : args_.m;
  const int64_t passing_chunk = keep_a_ ? column_chunk_ : row_chunk_;
  for (int64_t first = 0; first < kept_count; first += kept_chunk) {
    const Range kept = {first, minimum(first + kept_chunk, kept_count)};
    for (int64_t block = 0; block < k_blocks_; ++block) {
      const Range l = k_block(block);
      for (int64_t next = 0; next == 0 || next < passing_count; next += passing_chunk) {
        const Range passing = {next, minimum(next + passing_chunk, passing_count)};
        const bool panels_in_use = first > 0 || block > 0 || next > 0;
        if (panels_in_use) team_barrier();
        if (next == 0) keep_a_ ? pack_a(kept, l, true) : pack_b(kept, l);
        keep_a_ ? pack_b(passing, l) : pack_a(passing, l, first == 0);
        team_barrier();
        keep_a_ ? multiply(kept, passing, l) : multiply(passing, kept, l);
      }
    }
  }
}

// `sum_rows` is true once for each element of a, which may be packed more often.
void Product::pack_a(Range rows, Range l, bool sum_rows) const {
  const int64_t panels = divide_up(rows.size(), kTileRows);
#pragma omp for schedule(dynamic, 8) nowait
  for (int64_t tile = 0; tile < panels; ++tile) {
    const int64_t row = rows.begin + tile * kTileRows;
    const int64_t count = minimum(kTileRows, rows.end - row);
    float* panel = a_panels_ + tile * kTileRows * l.size();
    pack_a_panel(a_, row, count, l.begin, l.size(), panel);
    if (sum_rows && args_.a_row_sum != nullptr) {
      add_row_sums(panel, count, l.size(), args_.a_row_sum + row);
    }
  }
}

void Product::pack_b(Range columns, Range l) const {
  const int64_t panels = divide_up(columns.size(), kTileColumns);
#pragma omp for schedule(dynamic) nowait
  for (int64_t panel = 0; panel < panels; ++panel) {
    const int64_t column = columns.begin + panel * kTileColumns;
    const int64_t count = minimum(kTileColumns, columns.end - column);
    pack_b_panel(b_, column, count, l.begin, l.size(), b_panels_ + panel * kTileColumns * l.size());
  }
}

// Deals out rectangles of tiles, each with all of its columns where there are enough rectangles.
void Product::multiply(Range rows, Range columns, Range l) const {
  const int64_t tiles = divide_up(rows.size(), kTileRows);
  const int64_t panels = divide_up(columns.size(), kTileColumns);
  const int64_t units = threads_ == 1 ? 1 : threads_ * kUnitsPerThread;
  const int64_t column_parts = maximum(1, minimum(panels, units));
  const int64_t row_parts = minimum(tiles, divide_up(units, column_parts));
#pragma omp for schedule(dynamic) nowait
  for (int64_t unit = 0; unit < row_parts * column_parts; ++unit) {
    multiply_unit(rows, columns, part_of(tiles, row_parts, unit % row_parts),
                  part_of(panels, column_parts, unit / row_parts), l);
  }
}

void Product::multiply_unit(Range rows, Range columns, Range tiles, Range panels, Range l) const {
  const bool add = args_.accumulate || l.begin > 0;
  const bool complete = l.end == args_.k && args_.epilogue != Epilogue::kNone;
  for (int64_t panel = panels.begin; panel < panels.end; ++panel) {
    const int64_t column = columns.begin + panel * kTileColumns;
    const int64_t column_count = minimum(kTileColumns, columns.end - column);
    const float* b_panel = b_panels_ + panel * kTileColumns * l.size();
    for (int64_t tile = tiles.begin; tile < tiles.end; ++tile) {
      const int64_t row = rows.begin + tile * kTileRows;
      const int64_t row_count = minimum(kTileRows, rows.end - row);
      multiply_tile(row_count, column_count, l.size(), a_panels_ + tile * kTileRows * l.size(),
                    b_panel, args_.c + row * args_.ldc + column, args_.ldc, add);
      if (complete) apply_epilogue(args_, row, row_count, column, column_count);
    }
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
  const Product product(args, threads);
  // The work sharing in run() would join an enclosing team: a nested call makes its own, of one.
  if (threads == 1 && !omp_in_parallel()) return product.run();
#pragma omp parallel num_threads(static_cast <int>(threads))
  product.run();
}

}  // namespace lathe::cpu::LATHE_ISA
