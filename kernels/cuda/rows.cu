#include "kernels/cuda/numbers.h"
#include "kernels/cuda/ops.h"

namespace lathe::LATHE_CUDA {

namespace {

constexpr int kThreads = 256;
constexpr int kColumnsPerBlock = 4 * kThreads;

enum class Move { kGather, kScatterAdd };

// A block moves kColumnsPerBlock columns of a row, each thread every kThreads-th of them.
template <Move move, class T>
__global__ void __launch_bounds__(kThreads)
    move_rows_kernel(const T* x, const int32_t* indices, T* y, int64_t columns) {
  const int64_t row = blockIdx.x, other = indices[row];
  const T* from = x + (move == Move::kGather ? other : row) * columns;
  T* to = y + (move == Move::kGather ? row : other) * columns;
  const int64_t first = static_cast<int64_t>(blockIdx.y) * kColumnsPerBlock + threadIdx.x;
  LATHE_UNROLL
  for (int part = 0; part < 4; ++part) {
    const int64_t column = first + part * kThreads;
    if (column >= columns) return;
    const float moved = to_float(from[column]);
    store(to + column, move == Move::kGather ? moved : to_float(to[column]) + moved);
  }
}

__global__ void __launch_bounds__(kThreads)
    zero_active_kernel(float* x, int64_t row_size, const uint8_t* active_rows) {
  const int64_t row = blockIdx.x;
  if (active_rows[row] == 0) return;
  for (int64_t i = threadIdx.x; i < row_size; i += kThreads) x[row * row_size + i] = 0.0f;
}

template <Move move, class Args>
void move_rows(const char* op, const Args& args, Stream stream) {
  if (args.rows == 0 || args.columns == 0) return;
  const dim3 grid(static_cast<unsigned>(args.rows),
                  static_cast<unsigned>(ceil_div(args.columns, kColumnsPerBlock)));
  with_type(args.x.precision, [&](auto zero) {
    using T = decltype(zero);
    launch(op, move_rows_kernel<move, T>, grid, kThreads, 0, stream, as<T>(args.x), args.indices,
           as<T>(args.y), args.columns);
  });
}

}  // namespace

void gather_rows(const GatherRowsArgs& args, Stream stream) {
  move_rows<Move::kGather>("gather_rows", args, stream);
}

void scatter_add_rows(const ScatterAddRowsArgs& args, Stream stream) {
  move_rows<Move::kScatterAdd>("scatter_add_rows", args, stream);
}

void zero(const ZeroArgs& args, Stream stream) {
  if (args.count == 0) return;
  if (args.active_rows == nullptr) {
    return check(cudaMemsetAsync(args.x, 0, static_cast<std::size_t>(args.count) * sizeof(float),
                                 static_cast<cudaStream_t>(stream)),
                 "zero");
  }
  launch("zero", zero_active_kernel, static_cast<unsigned>(args.count / args.row_size), kThreads, 0,
         stream, args.x, args.row_size, args.active_rows);
}

}  // namespace lathe::LATHE_CUDA
