// Ranks whose GPUs add gradients up among themselves: NVIDIA's NCCL, found when the program runs.
#pragma once

#include <memory>

#include "kernels/device.h"
#include "train/communicator.h"

namespace lathe {

// The ranks of `host`, of which each has a GPU of its own. Their background sums are NCCL's, on a
// stream beside the GPU's other work; for everything else they are `host`, which brings the GPUs
// together and must outlive this. Null when the ranks compute on processors, when there is one
// alone, or when one finds no NCCL. All ranks call it.
//
// NCCL adds in an order of its own: sums are the same bits on every rank, not those of `host`.
std::unique_ptr<Communicator> nccl_communicator(Communicator& host, Device& gpu);

}  // namespace lathe
