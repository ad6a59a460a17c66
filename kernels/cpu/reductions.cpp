#include "kernels/cpu/ops.h"
#include "kernels/cpu/parallel.h"
#include "kernels/cpu/slices.h"
#include "kernels/scratch.h"

namespace lathe::cpu::LATHE_ISA {

namespace {

typedef double DoubleVec __attribute__((vector_size(kVectorBytes)));
constexpr int64_t kDoubles = kWidth / 2;  // in a register

thread_local Scratch sums_scratch;

// kDoubles floats. Intrinsics, because GCC 12 converts a vector in pieces that go through memory.
DoubleVec load_doubles(const float* x) {
#if defined(__AVX512F__)
  return _mm512_maskz_cvtps_pd(0xff, _mm256_loadu_ps(x));
#elif defined(__AVX2__)
  return _mm256_cvtps_pd(_mm_loadu_ps(x));
#else
  return DoubleVec{x[0], x[1]};
#endif
}

// Σ x², every product and sum in double.
double sum_of_squares(const float* x, int64_t count) {
  DoubleVec even{}, odd{};  // two chains, so that one addition need not wait for the last
  int64_t i = 0;
  for (; i + kWidth <= count; i += kWidth) {
    const DoubleVec a = load_doubles(x + i), b = load_doubles(x + i + kDoubles);
    even += a * a;
    odd += b * b;
  }
  even += odd;
  double sum = 0;
  for (int64_t lane = 0; lane < kDoubles; ++lane) sum += even[lane];
  for (; i < count; ++i) sum += static_cast<double>(x[i]) * x[i];
  return sum;
}

}  // namespace

// Of a batch's losses: too few to share out.
void sum(const SumArgs& args, Stream) {
  double total = 0;
  for (int64_t i = 0; i < args.count; ++i) total += args.x[i];
  *args.sum = args.accumulate ? *args.sum + total : total;
}

void squared_norm(const SquaredNormArgs& args, Stream) {
  const int64_t chunks = chunk_count(args.slices, args.slice_count);
  double* sums = reinterpret_cast<double*>(sums_scratch.floats(2 * chunks));
#pragma omp parallel num_threads(threads_for(chunks* kChunk))
  for_each_chunk(args.slices, args.slice_count, omp_get_thread_num(), omp_get_num_threads(),
                 [&](int64_t number, const ParameterSlice& slice, int64_t first, int64_t last) {
                   double sum = 0;
                   for_each_active_run(slice, first, last, [&](int64_t start, int64_t count) {
                     sum += sum_of_squares(slice.gradient + start, count);
                   });
                   sums[number] = sum;
                 });
  double total = 0;
  for (int64_t chunk = 0; chunk < chunks; ++chunk) total += sums[chunk];
  *args.sum = total;
}

}  // namespace lathe::cpu::LATHE_ISA
