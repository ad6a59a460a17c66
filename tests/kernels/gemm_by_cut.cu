#include "kernels/cuda/bulk_copy.h"
#include "kernels/cuda/gemm_cut.h"
#include "tests/kernels/gemm_by_cut.h"

namespace lathe::testing {

namespace {

GemmCut cut;

}  // namespace

bool has_gemm_by_cut() { return LATHE_CUDA::is_hopper(); }

void set_gemm_cut(const GemmCut& next) { cut = next; }

void gemm_by_cut(const GemmArgs& args, Stream stream) {
  using namespace LATHE_CUDA;
  Work work{};
  work.columns = cut.columns, work.cluster = cut.cluster, work.share = cut.share;
  work.column_pieces = static_cast<int>(ceil_div(args.n, cut.columns));
  work.groups = work.column_pieces * static_cast<int>(ceil_div(args.m, work.rows_of_group()));
  work.steps = static_cast<int>(ceil_div(args.k, kStepDepth));
  // Fewer than there are groups, so that some have more than one.
  work.clusters = cut.share == 0 ? minimum(2, work.groups)
                                 : static_cast<int>(ceil_div(work.groups * work.steps, cut.share));
  gemm_wgmma_cut(args, work, stream);
}

}  // namespace lathe::testing
