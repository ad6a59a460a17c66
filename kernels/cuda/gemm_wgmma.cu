// The product on Hopper's tensor cores, of bfloat16s with sums in f32. A block works on 128 x
// kColumns results at a time, in steps of 64 along k. One of its three warpgroups, the producer,
// asks for the factors' tiles as early as their place in shared memory is free; the two others
// multiply what is there, 64 rows each, and free it. A block stays for one piece of work after the
// other, and so the next piece's tiles are on their way while the last one's results are written.
// Two blocks, a cluster, have the columns of their pieces in common: each fetches half of b's tiles
// for both. Compiled for sm_90a alone.
#include <optional>
#include <type_traits>

#include "kernels/cuda/gemm_results.h"
#include "kernels/cuda/readable_operand.h"
#include "kernels/cuda/wgmma_stages.h"

namespace lathe::LATHE_CUDA {

namespace {

constexpr int kWarpgroup = 128;
constexpr int kThreads = 3 * kWarpgroup;

// Where a block's piece of a group begins.
struct Corner {
  __device__ Corner(const Work& work, int group, int block)
      : column_piece(group % work.column_pieces),
        row((group / work.column_pieces * work.cluster + block) * kPieceRows),
        column(column_piece * work.columns) {}
  int column_piece, row, column;
};

// Asks for the tiles of a step: those of a for this block, and of b every other one for both.
template <int kColumns, bool along_a, bool along_b>
__device__ inline void copy_step(const Stages<kColumns>& stages, const CUtensorMap& a,
                                 const CUtensorMap& b, const Corner& corner, int k, int cluster,
                                 int block) {
  Barrier* barrier = stages.full();
  arrive_expecting(barrier, stages.kBytes);
  LATHE_UNROLL
  for (int tile = 0; tile < kPieceRows / kTileSide; ++tile) {
    const int row = corner.row + tile * kTileSide;
    copy_tile(stages.a() + tile * kTileBytes, a, along_a ? row : k, along_a ? k : row, barrier);
  }
  LATHE_UNROLL
  for (int tile = 0; tile < kColumns / kTileSide; ++tile) {
    const int column = corner.column + tile * kTileSide;
    unsigned char* to = stages.b() + tile * kTileBytes;
    if (cluster == 1) {
      copy_tile(to, b, along_b ? column : k, along_b ? k : column, barrier);
    } else if (tile % 2 == block) {
      copy_tile_to_blocks(to, b, along_b ? column : k, along_b ? k : column, barrier, 3);
    }
  }
}

// Of a tile of a, whose lines lie across k, the sums over k: lane l those of eight columns, number
// l % 8, in every fourth line.
__device__ inline void add_lines(const unsigned char* tile, float (&sums)[8]) {
  const int lane = static_cast<int>(threadIdx.x) % kWarp;
  LATHE_UNROLL_BY(4)
  for (int line = lane / 8; line < kTileSide; line += kWarp / 8) {
    float x[8];
    load_eight(reinterpret_cast<const Bf16*>(tile + line * 128 + (lane % 8 ^ line % 8) * 16), x);
    LATHE_UNROLL
    for (int u = 0; u < 8; ++u) sums[u] += x[u];
  }
}

// By a warp: the row sums of 64 rows of op(a), of one step in as many as there are pieces side by
// side. To [places, rows of a group].
template <int kColumns>
__device__ inline void sum_rows(Stages<kColumns>& stages, const Work& work, Stretches stretches,
                                int block, int tile, float* result) {
  const int lane = static_cast<int>(threadIdx.x) % kWarp;
  for (Stretch stretch; stretches.next(stretch);) {
    const Corner corner(work, stretch.group, block);
    float sums[8] = {};
    for (int step = stretch.first_step; step < stretch.end_step; ++step, stages.go_on()) {
      stages.wait_until_full();
      if (step % work.column_pieces == corner.column_piece) {
        add_lines(stages.a() + tile * kTileBytes, sums);
      }
      __syncwarp();
      if (lane == 0) stages.give_back();
    }
    LATHE_UNROLL
    for (int u = 0; u < 8; ++u) {
      sums[u] += __shfl_xor_sync(kAllLanes, sums[u], 8);
      sums[u] += __shfl_xor_sync(kAllLanes, sums[u], 16);
    }
    const int first = stretch.place * work.rows_of_group() + block * kPieceRows;
    if (lane < 8) store_eight(result + first + tile * kTileSide + lane * 8, sums);
  }
}

// The warpgroup's results of a piece, from row `first_row` on.
template <class T, int kColumns>
__device__ inline void finish_piece(const GemmArgs& args, const float (&sums)[kColumns / 2],
                                    int first_row, int first_column, bool eights) {
  const int warp = static_cast<int>(threadIdx.x) % kWarpgroup / kWarp;
  finish_rows<T, kColumns / 32>(args, first_row + warp * 16, first_column, eights, [&](int j) {
    LaneResults results;
    LATHE_UNROLL
    for (int at = 0; at < 16; ++at) results.x[at / 2 % 2][at / 4][at % 2] = sums[16 * j + at];
    return results;
  });
}

// In the place of the results' type: parts of sums, as floats [places, rows of a group, kColumns],
// which sum_parts_kernel adds up.
struct Parts {};

// The warpgroup's, its 64 rows from `to` on.
template <int kColumns>
__device__ inline void store_parts(float* to, const float (&sums)[kColumns / 2]) {
  const int lane = static_cast<int>(threadIdx.x) % kWarp;
  const int warp = static_cast<int>(threadIdx.x) % kWarpgroup / kWarp;
  LATHE_UNROLL
  for (int half = 0; half < 2; ++half) {
    float* row = to + (warp * 16 + lane / 4 + half * 8) * kColumns + lane % 4 * 2;
    LATHE_UNROLL
    for (int j = 0; j < kColumns / 8; ++j) {
      const float pair[2] = {sums[4 * j + 2 * half], sums[4 * j + 2 * half + 1]};
      store_group(row + 8 * j, 2, true, pair);
    }
  }
}

// By a warpgroup: the products of its 64 rows, and what becomes of them.
template <class T, int kColumns, bool along_a, bool along_b>
__device__ inline void multiply(const GemmArgs& args, Stages<kColumns>& stages, const Work& work,
                                Stretches stretches, int block, int group, bool eights) {
  // The second warpgroup begins later, and so remains behind: while one of them writes its results,
  // the tensor cores have the other's products to do.
  constexpr int kLag = 2;
  if (group == 1) {
    Stretch first{};
    Stretches(stretches).next(first);
    stages.wait_for_first(minimum(kLag, first.end_step - first.first_step - 1));
  }
  for (Stretch stretch; stretches.next(stretch);) {
    float sums[kColumns / 2] = {};
    for (int step = stretch.first_step; step < stretch.end_step; ++step, stages.go_on()) {
      stages.wait_until_full();
      begin_products();
      const unsigned char* a = stages.a() + group * kTileBytes;
      LATHE_UNROLL
      for (int k = 0; k < kStepDepth; k += kProductDepth) {
        multiply_add_async<along_a, along_b, kColumns>(
            describe_factor<along_a>(a, k), describe_factor<along_b>(stages.b(), k), sums);
      }
      end_products();
      // The last step's are done while this one's go on.
      wait_for_products<1>();
      if (step > stretch.first_step) stages.give_back_last();
    }
    wait_for_products<0>();
    stages.give_back_last();
    if constexpr (std::is_same_v<T, Parts>) {
      const int64_t piece = int64_t{stretch.place} * work.cluster + block;
      const int64_t row = piece * kPieceRows + group * kTileSide;
      store_parts<kColumns>(as<float>(args.c) + row * kColumns, sums);
    } else {
      const Corner corner(work, stretch.group, block);
      finish_piece<T, kColumns>(args, sums, corner.row + group * kTileSide, corner.column, eights);
    }
  }
}

template <class T, int kColumns, bool transpose_a, bool transpose_b>
__global__ void __launch_bounds__(kThreads, 1)
    gemm_wgmma_kernel(const __grid_constant__ GemmArgs args, const __grid_constant__ CUtensorMap a,
                      const __grid_constant__ CUtensorMap b, const __grid_constant__ Work work,
                      bool eights) {
  constexpr bool kAlongA = !transpose_a, kAlongB = transpose_b;
  const bool sums_rows = !kAlongA && args.a_row_sum != nullptr;
  const auto block = static_cast<int>(block_of_cluster());
  const int warp = static_cast<int>(threadIdx.x) / kWarp;
  Stages<kColumns> stages(work.cluster);
  stages.make(sums_rows);
  Stretches stretches(work, static_cast<int>(blockIdx.x) / work.cluster);
  if (threadIdx.x < kWarpgroup) {
    shrink_registers<40>();
    if (threadIdx.x == 0) {
      for (Stretch stretch; stretches.next(stretch);) {
        const Corner corner(work, stretch.group, block);
        for (int step = stretch.first_step; step < stretch.end_step; ++step, stages.go_on()) {
          stages.wait_until_read();
          copy_step<kColumns, kAlongA, kAlongB>(stages, a, b, corner, step * kStepDepth,
                                                work.cluster, block);
        }
      }
    } else if (sums_rows && warp > 0 && warp <= kRowSumWarps) {
      sum_rows<kColumns>(stages, work, stretches, block, warp - 1, args.a_row_sum);
    }
  } else {
    grow_registers<232>();
    multiply<T, kColumns, kAlongA, kAlongB>(args, stages, work, stretches, block,
                                            static_cast<int>(threadIdx.x) / kWarpgroup - 1, eights);
  }
  // The other block may still send its tiles here, and arrive.
  __syncwarp();
  sync_cluster();
}

// The sums of op(a)'s rows as the product leaves them, and where they are added to; null without.
struct RowSums {
  const float* parts;  // [places, rows of a group]
  float* result;       // [m]
};

// Of all places that have some of the row's.
__device__ inline void add_row_sum(const RowSums& sums, const Work& work, int row) {
  float sum = 0;
  for (int piece = 0; piece < work.column_pieces; ++piece) {
    const int group = work.group_of(row, piece), end = work.end_place(group);
    for (int place = work.first_place(group); place < end; ++place) {
      sum += sums.parts[place * work.rows_of_group() + row % work.rows_of_group()];
    }
  }
  sums.result[row] += sum;
}

__global__ void __launch_bounds__(kWarpgroup)
    add_row_sums_kernel(const __grid_constant__ Work work, RowSums sums, int m) {
  const int row = static_cast<int>(blockIdx.x) * kWarpgroup + static_cast<int>(threadIdx.x);
  if (row < m) add_row_sum(sums, work, row);
}

// Eight neighbours of a row a thread.
template <class T>
__global__ void __launch_bounds__(kWarpgroup)
    sum_parts_kernel(const __grid_constant__ GemmArgs args, const __grid_constant__ Work work,
                     const float* parts, RowSums row_sums, bool eights) {
  const int column =
      8 * (static_cast<int>(blockIdx.x) * kWarpgroup + static_cast<int>(threadIdx.x));
  if (column >= args.n) return;
  for (auto row = static_cast<int>(blockIdx.y); row < args.m; row += static_cast<int>(gridDim.y)) {
    const int group = work.group_of(row, column / work.columns), end = work.end_place(group);
    Eight sum{};
    for (int place = work.first_place(group); place < end; ++place) {
      const int64_t row_of_part =
          int64_t{place} * work.rows_of_group() + row % work.rows_of_group();
      float part[8];
      load_eight(parts + row_of_part * work.columns + column % work.columns, part);
      LATHE_UNROLL
      for (int u = 0; u < 8; ++u) sum.x[u] += part[u];
    }
    finish_eight<T>(args, sum, row, column, eights);
    if (column == 0 && row_sums.result != nullptr) add_row_sum(row_sums, work, row);
  }
}

template <class T, int kColumns, bool transpose_a, bool transpose_b>
void launch_kernel(const GemmArgs& args, const Work& work, Stream stream) {
  const auto kernel = gemm_wgmma_kernel<T, kColumns, transpose_a, transpose_b>;
  constexpr int kSharedBytes = Stages<kColumns>::kSharedBytes;
  allow_shared_memory(kernel, kSharedBytes, "gemm");
  const CUtensorMap a = transpose_a ? tiled_matrix(args.a.data, args.k, args.m, args.lda)
                                    : tiled_matrix(args.a.data, args.m, args.k, args.lda);
  const CUtensorMap b = transpose_b ? tiled_matrix(args.b.data, args.n, args.k, args.ldb)
                                    : tiled_matrix(args.b.data, args.k, args.n, args.ldb);
  const auto cluster = static_cast<unsigned>(work.cluster);
  launch_clusters("gemm", kernel, cluster, static_cast<unsigned>(work.clusters) * cluster, kThreads,
                  kSharedBytes, stream, args, a, b, work, takes_eights(args));
}

template <class T, int kColumns>
void launch_transposed(const GemmArgs& args, const Work& work, Stream stream) {
  const auto go = args.transpose_a ? (args.transpose_b ? launch_kernel<T, kColumns, true, true>
                                                       : launch_kernel<T, kColumns, true, false>)
                                   : (args.transpose_b ? launch_kernel<T, kColumns, false, true>
                                                       : launch_kernel<T, kColumns, false, false>);
  go(args, work, stream);
}

template <class T>
void launch_width(const GemmArgs& args, const Work& work, Stream stream) {
  const auto go = work.columns == 256   ? launch_transposed<T, 256>
                  : work.columns == 192 ? launch_transposed<T, 192>
                                        : launch_transposed<T, 128>;
  go(args, work, stream);
}

void multiply_in_parts(const GemmArgs& args, const Work& work, const RowSums& row_sums,
                       Stream stream) {
  const int64_t rows = int64_t{work.places()} * work.rows_of_group();
  const Workspace parts(4 * rows * work.columns, stream, "gemm");
  GemmArgs product = args;
  product.c = parts.floats();
  launch_width<Parts>(product, work, stream);
  const dim3 grid(static_cast<unsigned>(ceil_div(args.n, 8 * kWarpgroup)),
                  static_cast<unsigned>(minimum<int64_t>(args.m, 65535)));
  with_type(args.c.precision, [&](auto zero) {
    using T = decltype(zero);
    launch("gemm", sum_parts_kernel<T>, grid, kWarpgroup, 0, stream, args, work, parts.floats(),
           row_sums, takes_eights(args));
  });
}

}  // namespace

bool sums_rows_on_the_way(const GemmArgs& args) {
  return args.transpose_a && args.a.precision == Precision::kBF16;
}

void gemm_wgmma(const GemmArgs& args, Stream stream) {
  gemm_wgmma_cut(args, cut_product(args, multiprocessor_count()), stream);
}

void gemm_wgmma_cut(const GemmArgs& args, const Work& work, Stream stream) {
  std::optional<Workspace> parts_of_rows;
  RowSums row_sums{};
  GemmArgs product = args;
  if (args.a_row_sum != nullptr) {
    parts_of_rows.emplace(4 * int64_t{work.places()} * work.rows_of_group(), stream, "gemm");
    product.a_row_sum = parts_of_rows->floats();
    row_sums = {product.a_row_sum, args.a_row_sum};
  }
  if (work.share > 0) return multiply_in_parts(product, work, row_sums, stream);
  with_type(args.c.precision,
            [&](auto zero) { launch_width<decltype(zero)>(product, work, stream); });
  if (args.a_row_sum == nullptr) return;
  launch("gemm", add_row_sums_kernel, static_cast<unsigned>(ceil_div(args.m, kWarpgroup)),
         kWarpgroup, 0, stream, work, row_sums, static_cast<int>(args.m));
}

}  // namespace lathe::LATHE_CUDA
