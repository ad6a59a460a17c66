// The product on Hopper's tensor cores, of bfloat16s with sums in f32. A block works on 128 x
// kColumns results at a time, in steps of 64 along k. One of its three warpgroups, the producer,
// asks for the factors' tiles as early as their place in shared memory is free; the two others
// multiply what is there, 64 rows each, and free it. A block stays for one piece of work after the
// other, and so the next piece's tiles are on their way while the last one's results are written.
// Compiled for sm_90a alone.
#include <type_traits>

#include "kernels/cuda/gemm_results.h"
#include "kernels/cuda/readable_operand.h"
#include "kernels/cuda/wgmma.h"

namespace lathe::LATHE_CUDA {

namespace {

constexpr int kWarpgroup = 128;
constexpr int kThreads = 3 * kWarpgroup;
constexpr int kConsumerWarps = 8;
constexpr int kRows = 128;
constexpr int kDepth = kTileSide;  // of a step

template <int kColumns>
constexpr int kStageBytes = (kRows + kColumns) / kTileSide* kTileBytes;
template <int kColumns>
constexpr int kStages = kColumns == 256   ? 4
                        : kColumns == 192 ? 5
                                          : 6;
template <int kColumns>
constexpr int kSharedBytes = kAlignmentOfTiles +
                             kStages<kColumns>*(kStageBytes<kColumns> +
                                                2 * static_cast<int>(sizeof(Barrier)));

// What there is to do: pieces of kRows x kColumns results, each over one of `splits` parts of k.
struct Work {
  int row_pieces, column_pieces, splits;
  int steps, steps_of_split;

  __host__ __device__ int count() const { return row_pieces * column_pieces * splits; }
};

struct Piece {
  __device__ Piece(const Work& work, int number, int columns)
      : split(number / (work.row_pieces * work.column_pieces)),
        first_row(number / work.column_pieces % work.row_pieces * kRows),
        first_column(number % work.column_pieces * columns),
        first_step(split * work.steps_of_split),
        end_step(minimum(first_step + work.steps_of_split, work.steps)) {}
  int split, first_row, first_column, first_step, end_step;
};

// The places of a step's tiles in shared memory, taken in turn: each with a barrier for "is there"
// and one for "has been read".
template <int kColumns>
class Stages {
 public:
  static constexpr int kCount = kStages<kColumns>;

  __device__ Stages() {
    full_ = reinterpret_cast<Barrier*>(tiles_ + kCount * kStageBytes<kColumns>);
  }

  // By all threads of the block.
  __device__ void make() {
    if (threadIdx.x == 0) {
      for (int i = 0; i < kCount; ++i) {
        make_barrier(full_ + i, 1);
        make_barrier(full_ + kCount + i, kConsumerWarps);
      }
      barriers_made();
    }
    __syncthreads();
  }

  __device__ Barrier* full() const { return full_ + at_; }
  __device__ void wait_until_full() const { wait_for(full(), round_ & 1); }
  __device__ void wait_until_read() const { wait_for(full_ + kCount + at_, (round_ & 1) ^ 1); }
  // Of the stage before this one.
  __device__ void give_back_last() const {
    arrive(full_ + kCount + (at_ > 0 ? at_ - 1 : kCount - 1));
  }
  __device__ unsigned char* a() const { return tiles_ + at_ * kStageBytes<kColumns>; }
  __device__ unsigned char* b() const { return a() + kRows / kTileSide * kTileBytes; }

  __device__ void go_on() {
    if (++at_ == kCount) at_ = 0, ++round_;
  }

 private:
  unsigned char* tiles_ = aligned_tiles();
  Barrier* full_;
  int at_ = 0;
  unsigned round_ = 0;
};

// Asks for kTiles neighbouring tiles of a factor, in the order in which it lies in memory.
template <bool along_k, int kTiles>
__device__ inline void copy_factor(unsigned char* to, const CUtensorMap& factor, int outer, int k,
                                   Barrier* barrier) {
  LATHE_UNROLL
  for (int tile = 0; tile < kTiles; ++tile) {
    const int first = outer + tile * kTileSide;
    copy_tile(to + tile * kTileBytes, factor, along_k ? first : k, along_k ? k : first, barrier);
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

// In the place of the results' type: the sums over parts of k, as floats [splits, m, n], which
// sum_parts_kernel adds up.
struct Parts {};

template <int kColumns>
__device__ inline void store_parts(const GemmArgs& args, const float (&sums)[kColumns / 2],
                                   int split, int first_row, int first_column) {
  const int lane = static_cast<int>(threadIdx.x) % kWarp;
  const int warp = static_cast<int>(threadIdx.x) % kWarpgroup / kWarp;
  const bool pairs = args.n % 2 == 0;
  auto* parts = as<float>(args.c) + int64_t{split} * args.m * args.n;
  LATHE_UNROLL
  for (int half = 0; half < 2; ++half) {
    const int row = first_row + warp * 16 + lane / 4 + half * 8;
    if (row >= args.m) continue;
    LATHE_UNROLL
    for (int j = 0; j < kColumns / 8; ++j) {
      const int column = first_column + 8 * j + lane % 4 * 2;
      const float pair[2] = {sums[4 * j + 2 * half], sums[4 * j + 2 * half + 1]};
      store_group(parts + row * args.n + column, minimum(static_cast<int>(args.n) - column, 2),
                  pairs && column < args.n, pair);
    }
  }
}

template <class T, int kColumns, bool transpose_a, bool transpose_b>
__global__ void __launch_bounds__(kThreads, 1)
    gemm_wgmma_kernel(const __grid_constant__ GemmArgs args,
                      const __grid_constant__ CUtensorMap a_matrix,
                      const __grid_constant__ CUtensorMap b_matrix, Work work, bool eights) {
  constexpr bool kAlongA = !transpose_a, kAlongB = transpose_b;
  Stages<kColumns> stages;
  stages.make();
  const auto blocks = static_cast<int>(gridDim.x);
  if (threadIdx.x < kWarpgroup) {
    shrink_registers<40>();
    if (threadIdx.x != 0) return;
    for (auto number = static_cast<int>(blockIdx.x); number < work.count(); number += blocks) {
      const Piece piece(work, number, kColumns);
      for (int step = piece.first_step; step < piece.end_step; ++step, stages.go_on()) {
        stages.wait_until_read();
        arrive_expecting(stages.full(), kStageBytes<kColumns>);
        copy_factor<kAlongA, kRows / kTileSide>(stages.a(), a_matrix, piece.first_row,
                                                step * kDepth, stages.full());
        copy_factor<kAlongB, kColumns / kTileSide>(stages.b(), b_matrix, piece.first_column,
                                                   step * kDepth, stages.full());
      }
    }
  } else {
    grow_registers<232>();
    const int group = static_cast<int>(threadIdx.x) / kWarpgroup - 1;
    const bool speaks = threadIdx.x % kWarp == 0;  // for its warp
    for (auto number = static_cast<int>(blockIdx.x); number < work.count(); number += blocks) {
      const Piece piece(work, number, kColumns);
      float sums[kColumns / 2] = {};
      for (int step = piece.first_step; step < piece.end_step; ++step, stages.go_on()) {
        stages.wait_until_full();
        begin_products();
        const unsigned char* a = stages.a() + group * kTileBytes;
        LATHE_UNROLL
        for (int k = 0; k < kDepth; k += kProductDepth) {
          multiply_add_async<kAlongA, kAlongB, kColumns>(
              describe_factor<kAlongA>(a, k), describe_factor<kAlongB>(stages.b(), k), sums);
        }
        end_products();
        // The last step's are done while this one's go on.
        wait_for_products<1>();
        if (speaks && step > piece.first_step) stages.give_back_last();
      }
      wait_for_products<0>();
      if (speaks) stages.give_back_last();
      const int first_row = piece.first_row + group * kTileSide;
      if constexpr (std::is_same_v<T, Parts>) {
        store_parts<kColumns>(args, sums, piece.split, first_row, piece.first_column);
      } else {
        finish_piece<T, kColumns>(args, sums, first_row, piece.first_column, eights);
      }
    }
  }
}

template <class T>
__global__ void __launch_bounds__(kWarpgroup)
    sum_parts_kernel(const __grid_constant__ GemmArgs args, const float* parts, int splits,
                     bool pairs) {
  const int64_t column = 2 * (int64_t{blockIdx.x} * kWarpgroup + threadIdx.x);
  if (column >= args.n) return;
  const int left = column + 1 < args.n ? 2 : 1;
  for (int64_t row = blockIdx.y; row < args.m; row += gridDim.y) {
    float sum[2] = {};
    for (int split = 0; split < splits; ++split) {
      float part[2];
      load_group(parts + (split * args.m + row) * args.n + column, left, args.n % 2 == 0, part);
      sum[0] += part[0], sum[1] += part[1];
    }
    finish_pair<T>(args, sum[0], sum[1], row, column, pairs);
  }
}

// How a product is cut. What a cut costs is counted in cycles of a multiprocessor, roughly: a step
// takes a quarter of a cycle for each of its rows and columns (2048 products each), a piece some
// more to begin and to write; what is summed up later is written and read again. Where k is cut
// decides about the last bits of a sum: so it follows from whole pieces and steps, and a batch that
// a filler brings to a multiple of 64 tokens is cut as it is without.
struct Cut {
  int columns;
  Work work;
};

Cut cut_product(const GemmArgs& args, int multiprocessors) {
  const auto steps = static_cast<int>(ceil_div(args.k, kDepth));
  const auto rows = static_cast<int>(ceil_div(args.m, kRows));
  Cut best{};
  double least = 0;
  const auto consider = [&](int columns, int splits) {
    Cut cut{columns, {rows, static_cast<int>(ceil_div(args.n, columns)), splits, steps, 0}};
    cut.work.steps_of_split = static_cast<int>(ceil_div(steps, splits));
    const double rounds = static_cast<double>(ceil_div(cut.work.count(), multiprocessors));
    double cycles = rounds * (cut.work.steps_of_split * columns * 4.0 + 1000 + columns * 12.0);
    if (splits > 1) {
      const double part_bytes = 8.0 * splits * rows * kRows * static_cast<double>(args.n);
      cycles += 3000 + part_bytes / (16.0 * multiprocessors);
    }
    if (least == 0 || cycles < least) best = cut, least = cycles;
  };
  for (const int columns : {256, 192, 128}) consider(columns, 1);
  for (int splits = 2; splits <= 16 && splits * 8 <= steps; ++splits) {
    // Each of them with something to do.
    if (ceil_div(steps, ceil_div(steps, splits)) == splits) consider(128, splits);
  }
  return best;
}

template <class T, int kColumns, bool transpose_a, bool transpose_b>
void launch_kernel(const GemmArgs& args, const Work& work, int multiprocessors, Stream stream) {
  const auto kernel = gemm_wgmma_kernel<T, kColumns, transpose_a, transpose_b>;
  allow_shared_memory(kernel, kSharedBytes<kColumns>, "gemm");
  const CUtensorMap a = transpose_a ? tiled_matrix(args.a.data, args.k, args.m, args.lda)
                                    : tiled_matrix(args.a.data, args.m, args.k, args.lda);
  const CUtensorMap b = transpose_b ? tiled_matrix(args.b.data, args.n, args.k, args.ldb)
                                    : tiled_matrix(args.b.data, args.k, args.n, args.ldb);
  launch("gemm", kernel, static_cast<unsigned>(minimum(work.count(), multiprocessors)), kThreads,
         kSharedBytes<kColumns>, stream, args, a, b, work, takes_eights(args));
}

template <class T, int kColumns>
void launch_transposed(const GemmArgs& args, const Work& work, int multiprocessors, Stream stream) {
  const auto go = args.transpose_a ? (args.transpose_b ? launch_kernel<T, kColumns, true, true>
                                                       : launch_kernel<T, kColumns, true, false>)
                                   : (args.transpose_b ? launch_kernel<T, kColumns, false, true>
                                                       : launch_kernel<T, kColumns, false, false>);
  go(args, work, multiprocessors, stream);
}

void multiply_in_parts(const GemmArgs& args, const Work& work, int multiprocessors, Stream stream) {
  const Workspace parts(4 * work.splits * args.m * args.n, stream, "gemm");
  GemmArgs product = args;
  product.c = parts.floats();
  launch_transposed<Parts, 128>(product, work, multiprocessors, stream);
  const dim3 grid(static_cast<unsigned>(ceil_div(args.n, 2 * kWarpgroup)),
                  static_cast<unsigned>(minimum<int64_t>(args.m, 65535)));
  with_type(args.c.precision, [&](auto zero) {
    using T = decltype(zero);
    launch("gemm", sum_parts_kernel<T>, grid, kWarpgroup, 0, stream, args, parts.floats(),
           work.splits, takes_pairs(args));
  });
}

}  // namespace

void gemm_wgmma(const GemmArgs& args, Stream stream) {
  const int multiprocessors = multiprocessor_count();
  const auto [columns, work] = cut_product(args, multiprocessors);
  if (work.splits > 1) return multiply_in_parts(args, work, multiprocessors, stream);
  with_type(args.c.precision, [&, columns = columns, work = work](auto zero) {
    using T = decltype(zero);
    const auto go = columns == 256   ? launch_transposed<T, 256>
                    : columns == 192 ? launch_transposed<T, 192>
                                     : launch_transposed<T, 128>;
    go(args, work, multiprocessors, stream);
  });
}

}  // namespace lathe::LATHE_CUDA
