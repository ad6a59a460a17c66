#include "kernels/cuda/readable_operand.h"

namespace lathe::LATHE_CUDA {

namespace {

constexpr int kThreads = 256;

template <class T>
__global__ void __launch_bounds__(kThreads)
    copy_operand_kernel(const T* from, int64_t ld, int64_t columns, Bf16* to, int64_t ld_to) {
  const int64_t row = blockIdx.x;
  for (int64_t j = threadIdx.x; j < columns; j += kThreads) {
    store(to + row * ld_to + j, to_float(from[row * ld + j]));
  }
}

}  // namespace

ReadableOperand::ReadableOperand(const ConstNumbers& x, int64_t ld_x, int64_t rows, int64_t columns,
                                 Stream stream)
    : data(x), ld(ld_x) {
  const bool readable =
      x.precision == Precision::kBF16 && ld % kChunk == 0 && aligned_to_16(x.data);
  if (readable || rows == 0 || columns == 0) return;
  ld = ceil_div(columns, kChunk) * kChunk;
  copy_.emplace(rows * ld * static_cast<int64_t>(sizeof(Bf16)), stream, "gemm");
  data = ConstNumbers(copy_->data(), Precision::kBF16);
  with_type(x.precision, [&](auto zero) {
    using T = decltype(zero);
    launch("gemm", copy_operand_kernel<T>, static_cast<unsigned>(rows), kThreads, 0, stream,
           as<T>(x), ld_x, columns, static_cast<Bf16*>(copy_->data()), ld);
  });
}

ReadableFactors::ReadableFactors(const GemmArgs& given, Stream stream)
    : a(given.a, given.lda, given.transpose_a ? given.k : given.m,
        given.transpose_a ? given.m : given.k, stream),
      b(given.b, given.ldb, given.transpose_b ? given.n : given.k,
        given.transpose_b ? given.k : given.n, stream),
      args(given) {
  args.a = a.data, args.lda = a.ld, args.b = b.data, args.ldb = b.ld;
}

}  // namespace lathe::LATHE_CUDA
