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
  // So few clusters that some have more than one group.
  const Work work = Work::of(args, cut.columns, cut.cluster, cut.share, 2);
  gemm_wgmma_cut(args, work, stream);
}

}  // namespace lathe::testing
