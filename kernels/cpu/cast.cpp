#include "kernels/cpu/numbers.h"
#include "kernels/cpu/ops.h"
#include "kernels/cpu/parallel.h"

namespace lathe::cpu::LATHE_ISA {

namespace {

template <class From, class To>
void cast(const From* x, int64_t count, To* y) {
#pragma omp parallel for schedule(static) num_threads(threads_for(count))
  for (int64_t i = 0; i < count; i += kWidth) store(y + i, load(x + i, count - i), count - i);
}

}  // namespace

void cast(const CastArgs& args, Stream) {
  with_number(args.x.precision, [&](auto from) {
    with_number(args.y.precision, [&](auto to) {
      cast(as<decltype(from)>(args.x), args.count, as<decltype(to)>(args.y));
    });
  });
}

}  // namespace lathe::cpu::LATHE_ISA
