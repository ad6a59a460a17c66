#include "kernels/cuda/gemm_cut.h"

namespace lathe::LATHE_CUDA {

namespace {

// Of a multiprocessor, in a cycle.
constexpr double kProducts = 2048;
constexpr double kBytesOfL2 = 36, kBytesOfParts = 16;

// A step's products, while the next one's tiles come; those of b are fetched by the blocks of a
// cluster together.
double cycles_of_step(const Work& work) {
  const double products = kPieceRows * work.columns * (kStepDepth / kProducts);
  const double lines = kPieceRows + static_cast<double>(work.columns) / work.cluster;
  const double copies = lines * kStepDepth * 2 / kBytesOfL2;
  return products > copies ? products : copies;
}

double cycles(const Work& work, int multiprocessors) {
  // To begin and to write a piece, as far as no other's products go on meanwhile.
  const double piece = 500 + work.columns * 8.0;
  if (work.share == 0) {
    const auto rounds = static_cast<double>(ceil_div(work.groups, work.clusters));
    return rounds * (work.steps * cycles_of_step(work) + piece);
  }
  // Parts are written and read again, by a launch of its own.
  const double stretches = 2 + static_cast<double>(work.share) / work.steps;
  const double parts = 2.0 * 4 * work.places() * work.rows_of_group() * work.columns;
  return work.share * cycles_of_step(work) + stretches * piece + 3000 +
         parts / (kBytesOfParts * multiprocessors);
}

}  // namespace

Work Work::of(const GemmArgs& args, int columns, int cluster, int share, int most) {
  const auto pieces = static_cast<int>(ceil_div(args.n, columns));
  const auto groups = static_cast<int>(ceil_div(args.m, cluster * kPieceRows)) * pieces;
  const auto steps = static_cast<int>(ceil_div(args.k, kStepDepth));
  const int clusters =
      share == 0 ? minimum(groups, most) : static_cast<int>(ceil_div(groups * steps, share));
  return {columns, cluster, pieces, groups, steps, share, clusters};
}

Work cut_product(const GemmArgs& args, int multiprocessors) {
  constexpr int kLeastShare = 8;
  Work best{};
  const auto consider = [&](const Work& work) {
    if (best.groups == 0 || cycles(work, multiprocessors) < cycles(best, multiprocessors)) {
      best = work;
    }
  };
  for (const int columns : {256, 192, 128}) {
    for (const int cluster : {1, 2}) {
      if (cluster > 1 && (args.m <= kPieceRows || multiprocessors < cluster)) continue;
      const int clusters = multiprocessors / cluster;
      const Work whole = Work::of(args, columns, cluster, 0, clusters);
      consider(whole);
      const int all = whole.groups * whole.steps;
      const auto fair = static_cast<int>(ceil_div(all, clusters));
      const int share = fair < kLeastShare ? kLeastShare : fair;
      if (share < all) consider(Work::of(args, columns, cluster, share, clusters));
    }
  }
  return best;
}

}  // namespace lathe::LATHE_CUDA
