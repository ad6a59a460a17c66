#include "kernels/cpu/numbers.h"
#include "kernels/cpu/ops.h"
#include "kernels/cpu/parallel.h"

namespace lathe::cpu::LATHE_ISA {

namespace {

template <class Number>
uint64_t bytes_of(int64_t numbers) {
  return static_cast<uint64_t>(numbers) * sizeof(Number);
}

template <class Number>
void gather(const GatherRowsArgs& args) {
  const int64_t columns = args.columns;
#pragma omp parallel for schedule(static) num_threads(threads_for(args.rows* columns))
  for (int64_t i = 0; i < args.rows; ++i) {
    __builtin_memcpy(as<Number>(args.y) + i * columns,
                     as<Number>(args.x) + args.indices[i] * columns, bytes_of<Number>(columns));
  }
}

template <class Number>
void scatter_add(const ScatterAddRowsArgs& args) {
  const int64_t columns = args.columns;
#pragma omp parallel for schedule(static) num_threads(threads_for(args.rows* columns))
  for (int64_t i = 0; i < args.rows; ++i) {
    const Number* x = as<Number>(args.x) + i * columns;
    Number* y = as<Number>(args.y) + args.indices[i] * columns;
    for (int64_t j = 0; j < columns; j += kWidth) {
      const int64_t lanes = columns - j;
      store(y + j, load(y + j, lanes) + load(x + j, lanes), lanes);
    }
  }
}

}  // namespace

void gather_rows(const GatherRowsArgs& args, Stream) {
  with_number(args.y.precision, [&](auto number) { gather<decltype(number)>(args); });
}

void scatter_add_rows(const ScatterAddRowsArgs& args, Stream) {
  with_number(args.y.precision, [&](auto number) { scatter_add<decltype(number)>(args); });
}

void zero(const ZeroArgs& args, Stream) {
  const int64_t piece = args.active_rows != nullptr ? args.row_size : kElementsPerThread;
#pragma omp parallel for schedule(static) num_threads(threads_for(args.count))
  for (int64_t first = 0; first < args.count; first += piece) {
    if (args.active_rows != nullptr && args.active_rows[first / piece] == 0) continue;
    __builtin_memset(args.x + first, 0, bytes_of<float>(minimum(piece, args.count - first)));
  }
}

}  // namespace lathe::cpu::LATHE_ISA
