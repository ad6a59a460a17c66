// How gemm_wgmma.cu cuts a product into work for the blocks.
#pragma once

#include "kernels/cuda/gemm.h"

namespace lathe::LATHE_CUDA {

constexpr int kPieceRows = 128;
constexpr int kStepDepth = 64;  // of k

// The results are cut into pieces of kPieceRows x `columns`. The blocks of a cluster work at the
// same time on pieces one below the other, a group. There are `steps` along k to a group.
struct Work {
  // Of c [m, n] over k, for at most `most` clusters where they take whole groups.
  static Work of(const GemmArgs& args, int columns, int cluster, int share, int most);

  int columns, cluster;
  int column_pieces, groups, steps;
  // 0: a cluster takes whole groups, in turn with the others. Else all groups' steps are one row,
  // of which each cluster takes so many; what it computes of a group are then parts of sums.
  int share;
  int clusters;  // that there is work for

  __host__ __device__ int rows_of_group() const { return cluster * kPieceRows; }
  __device__ int group_of(int row, int column_piece) const {
    return row / rows_of_group() * column_pieces + column_piece;
  }

  // Parts lie in places, in the order of the steps: a cluster's number and a group's together
  // count them.
  __host__ __device__ int places() const { return share == 0 ? groups : clusters + groups; }
  __host__ __device__ int first_place(int group) const {
    return share == 0 ? group : group * steps / share + group;
  }
  __host__ __device__ int end_place(int group) const {
    return share == 0 ? group + 1 : ((group + 1) * steps - 1) / share + group + 1;
  }
};

// What a cluster does at a stretch.
struct Stretch {
  int group, first_step, end_step, place;
};

// A cluster's work, stretch by stretch.
class Stretches {
 public:
  __device__ Stretches(const Work& work, int cluster)
      : work_(work), cluster_(cluster), at_(work.share == 0 ? cluster : cluster * work.share) {}

  // False when nothing is left.
  __device__ bool next(Stretch& stretch) {
    if (work_.share == 0) {
      if (at_ >= work_.groups) return false;
      stretch = {at_, 0, work_.steps, at_};
      at_ += work_.clusters;
      return true;
    }
    const int end = minimum((cluster_ + 1) * work_.share, work_.groups * work_.steps);
    if (at_ >= end) return false;
    const int group = at_ / work_.steps, first = at_ % work_.steps;
    stretch = {group, first, minimum(first + end - at_, work_.steps), cluster_ + group};
    at_ += stretch.end_step - first;
    return true;
  }

 private:
  const Work& work_;
  int cluster_, at_;
};

// The cut of a product that takes a GPU with so many multiprocessors the fewest cycles, counted
// roughly. Where k is cut decides about the last bits of a sum: so it follows from whole pieces and
// steps, and a batch that a filler brings to a multiple of 64 tokens is cut as it is without.
Work cut_product(const GemmArgs& args, int multiprocessors);

// gemm_wgmma as cut_product would not have it.
void gemm_wgmma_cut(const GemmArgs& args, const Work& work, Stream stream);

}  // namespace lathe::LATHE_CUDA
