// The places of a step's tiles in shared memory, taken in turn: each with a barrier for "is there"
// and one for "has been read". Where blocks of a cluster have tiles in common, a place is free when
// it has been read in all of them.
#pragma once

#include "kernels/cuda/gemm_cut.h"
#include "kernels/cuda/wgmma.h"

namespace lathe::LATHE_CUDA {

constexpr int kConsumerWarps = 8;
constexpr int kRowSumWarps = 2;

template <int kColumns>
class Stages {
 public:
  static constexpr int kBytes = (kPieceRows + kColumns) / kTileSide * kTileBytes;  // of a stage
  static constexpr int kCount = kColumns == 256 ? 4 : kColumns == 192 ? 5 : 6;
  static constexpr int kSharedBytes =
      kAlignmentOfTiles + kCount * (kBytes + 2 * static_cast<int>(sizeof(Barrier)));

  __device__ explicit Stages(int cluster) : cluster_(cluster) {
    full_ = reinterpret_cast<Barrier*>(tiles_ + kCount * kBytes);
  }

  // By all threads of the cluster.
  __device__ void make(bool sums_rows) {
    if (threadIdx.x == 0) {
      const int readers = cluster_ * kConsumerWarps + (sums_rows ? kRowSumWarps : 0);
      for (int i = 0; i < kCount; ++i) {
        make_barrier(full_ + i, 1);
        make_barrier(full_ + kCount + i, static_cast<unsigned>(readers));
      }
      barriers_made();
    }
    __syncwarp();
    sync_cluster();
  }

  __device__ Barrier* full() const { return full_ + at_; }
  __device__ void wait_until_full() const { wait_for(full(), round_ & 1); }
  __device__ void wait_until_read() const { wait_for(read(at_), (round_ & 1) ^ 1); }
  // Until the first step's and so many more have come.
  __device__ void wait_for_first(int more) const { wait_for(full_ + more, 0); }

  // By a consumer's warp, of the stage before this one; lane l tells block l.
  __device__ void give_back_last() const {
    const int lane = static_cast<int>(threadIdx.x) % kWarp;
    if (lane < cluster_) {
      arrive_in(read(at_ > 0 ? at_ - 1 : kCount - 1), static_cast<unsigned>(lane));
    }
  }
  // By one who reads only what its own block has.
  __device__ void give_back() const { arrive(read(at_)); }

  __device__ unsigned char* a() const { return tiles_ + at_ * kBytes; }
  __device__ unsigned char* b() const { return a() + kPieceRows / kTileSide * kTileBytes; }

  __device__ void go_on() {
    if (++at_ == kCount) at_ = 0, ++round_;
  }

 private:
  __device__ Barrier* read(int stage) const { return full_ + kCount + stage; }

  unsigned char* tiles_ = aligned_tiles();
  Barrier* full_;
  int cluster_, at_ = 0;
  unsigned round_ = 0;
};

}  // namespace lathe::LATHE_CUDA
