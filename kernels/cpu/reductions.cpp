#include "kernels/cpu/ops.h"
#include "kernels/cpu/parallel.h"
#include "kernels/cpu/slices.h"
#include "kernels/scratch.h"

namespace lathe::cpu::LATHE_ISA {

namespace {

typedef float HalfVec __attribute__((vector_size(kVectorBytes / 2)));
typedef double DoubleVec __attribute__((vector_size(kVectorBytes)));

thread_local Scratch sums_scratch;

// Σ x², every product and sum in double.
double sum_of_squares(const float* x, int64_t count) {
  constexpr int kLanes = kWidth / 2;
  DoubleVec even{}, odd{};  // two chains, so that one addition need not wait for the last
  int64_t i = 0;
  for (; i + kWidth <= count; i += kWidth) {
    HalfVec low, high;
    __builtin_memcpy(&low, x + i, sizeof low);
    __builtin_memcpy(&high, x + i + kLanes, sizeof high);
    const DoubleVec a = __builtin_convertvector(low, DoubleVec);
    const DoubleVec b = __builtin_convertvector(high, DoubleVec);
    even += a * a;
    odd += b * b;
  }
  even += odd;
  double sum = 0;
  for (int lane = 0; lane < kLanes; ++lane) sum += even[lane];
  for (; i < count; ++i) sum += static_cast<double>(x[i]) * x[i];
  return sum;
}

}  // namespace

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
