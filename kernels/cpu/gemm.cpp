#include "kernels/cpu/gemm.h"

#include <omp.h>

#include "kernels/cpu/gemm_epilogue.h"
#include "kernels/cpu/gemm_pack.h"
#include "kernels/cpu/gemm_tile.h"
#include "kernels/scratch.h"

namespace lathe::cpu::LATHE_ISA {
namespace {

// The blocks, in elements. A tile streams a panel of b of kMaxK rows from the L2 cache, in which
// kUnitRows rows of a's panels stay; all panels of a chunk stay in the L3 cache, and their size
// bounds the scratch memory.
constexpr int64_t kMaxK = kWidth == 16 ? 384 : 256;
constexpr int64_t kUnitRows = 256;
constexpr int64_t kChunkRows = 1024;
constexpr int64_t kChunkColumns = 3072;

// Multiply-adds that are worth one more thread: about 15 microseconds, some times the cost of a
// parallel region.
constexpr int64_t kMinWorkPerThread = 1 << 19;
// More units than threads, so that a thread that was held up does not hold up the others.
constexpr int64_t kUnitsPerThread = 4;

int64_t divide_up(int64_t a, int64_t b) { return (a + b - 1) / b; }

struct Range {
  int64_t begin, end;
  int64_t size() const { return end - begin; }
};

// The range numbered `part` when [0, count) is cut into `parts` nearly equal ones.
Range part_of(int64_t count, int64_t parts, int64_t part) {
  return {count * part / parts, count * (part + 1) / parts};
}

// One product, and the panels that its threads share.
class Product {
 public:
  Product(const GemmArgs& args, int64_t threads);
  void run();  // called by every thread of the team

 private:
  Range k_block(int64_t block) const;
  void pack_b(Range columns, Range l) const;
  void pack_a(Range rows, Range l, bool sum_rows) const;
  void multiply(Range rows, Range columns, Range l) const;
  void multiply_unit(Range rows, Range columns, Range tiles, Range panels, Range l) const;

  const GemmArgs& args_;
  const int64_t threads_;
  const PanelSource a_, b_;
  const int64_t k_blocks_;
  float* a_panels_;
  float* b_panels_;
};

Product::Product(const GemmArgs& args, int64_t threads)
    : args_(args),
      threads_(threads),
      a_{args.a, args.lda, !args.transpose_a},
      b_{args.b, args.ldb, args.transpose_b},
      k_blocks_(maximum(1, divide_up(args.k, kMaxK))) {
  static thread_local Scratch scratch;
  const int64_t rows = divide_up(minimum(args.m, kChunkRows), kTileRows) * kTileRows;
  const int64_t columns = divide_up(minimum(args.n, kChunkColumns), kTileColumns) * kTileColumns;
  b_panels_ = scratch.floats((rows + columns) * kMaxK);
  a_panels_ = b_panels_ + columns * kMaxK;
}

// Equal blocks, so that no short one wastes its passes over c; multiples of 4, as packing
// transposes 4 at a time.
Range Product::k_block(int64_t block) const {
  const int64_t length = divide_up(divide_up(args_.k, k_blocks_), 4) * 4;
  return {minimum(block * length, args_.k), minimum((block + 1) * length, args_.k)};
}

void Product::run() {
  for (int64_t column = 0; column < args_.n; column += kChunkColumns) {
    const Range columns = {column, minimum(column + kChunkColumns, args_.n)};
    for (int64_t block = 0; block < k_blocks_; ++block) {
      const Range l = k_block(block);
      pack_b(columns, l);
      for (int64_t row = 0; row < args_.m; row += kChunkRows) {
        const Range rows = {row, minimum(row + kChunkRows, args_.m)};
        pack_a(rows, l, column == 0 && args_.a_row_sum != nullptr);
#pragma omp barrier
        multiply(rows, columns, l);
#pragma omp barrier
      }
    }
  }
}

void Product::pack_b(Range columns, Range l) const {
  const int64_t panels = divide_up(columns.size(), kTileColumns);
#pragma omp for schedule(dynamic) nowait
  for (int64_t panel = 0; panel < panels; ++panel) {
    const int64_t column = columns.begin + panel * kTileColumns;
    pack_b_panel(b_, column, minimum(kTileColumns, columns.end - column), l.begin, l.size(),
                 b_panels_ + panel * kTileColumns * l.size());
  }
}

void Product::pack_a(Range rows, Range l, bool sum_rows) const {
  const int64_t panels = divide_up(rows.size(), kTileRows);
#pragma omp for schedule(dynamic, 8) nowait
  for (int64_t tile = 0; tile < panels; ++tile) {
    const int64_t row = rows.begin + tile * kTileRows;
    const int64_t count = minimum(kTileRows, rows.end - row);
    float* panel = a_panels_ + tile * kTileRows * l.size();
    pack_a_panel(a_, row, count, l.begin, l.size(), panel);
    if (sum_rows) add_row_sums(panel, count, l.size(), args_.a_row_sum + row);
  }
}

// Deals out rectangles of tiles.
void Product::multiply(Range rows, Range columns, Range l) const {
  const int64_t tiles = divide_up(rows.size(), kTileRows);
  const int64_t panels = divide_up(columns.size(), kTileColumns);
  const int64_t wanted = threads_ == 1 ? 1 : threads_ * kUnitsPerThread;
  int64_t row_parts = divide_up(rows.size(), kUnitRows);
  const int64_t column_parts = minimum(panels, divide_up(wanted, row_parts));
  if (row_parts * column_parts < wanted)
    row_parts = minimum(tiles, divide_up(wanted, column_parts));
#pragma omp for schedule(dynamic) nowait
  for (int64_t unit = 0; unit < row_parts * column_parts; ++unit) {
    multiply_unit(rows, columns, part_of(tiles, row_parts, unit / column_parts),
                  part_of(panels, column_parts, unit % column_parts), l);
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
  Product product(args, threads);
  // The work-sharing of run() would join an enclosing team, so a nested call makes a team of its
  // own.
  if (threads == 1 && !omp_in_parallel()) return product.run();
#pragma omp parallel num_threads(static_cast <int>(threads))
  product.run();
}

}  // namespace lathe::cpu::LATHE_ISA
