// Summing the gradients of all ranks while backward goes on.
//
// Backward finishes the last layer's gradients first. Gradients lie in memory in the order of the
// layers, so what is final is always the end of that memory, from some layer on. That end is cut
// into buckets: large enough that a sum costs its bytes and not its latency, small enough that the
// first sums run while most layers are still to come (Li et al. 2020, "PyTorch Distributed", §3.2).
// What a bucket holds does not change any sum, which is of single numbers in the order of the
// ranks.
#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "nn/parameter.h"
#include "train/background_sums.h"
#include "train/communicator.h"

namespace lathe {

class GradientBuckets {
 public:
  static constexpr int64_t kBytes = int64_t{25} << 20;  // as PyTorch's DistributedDataParallel

  // The gradients are allocated and stay where they are; both outlive the buckets.
  GradientBuckets(const ParameterStore& parameters, Communicator& communicator,
                  int64_t bytes = kBytes);

  // For backward of this rank's last micro-batch of a step: begins the sums of the buckets that are
  // complete. A rank without a micro-batch calls finish() alone.
  void begin_from(std::size_t first_final_parameter);
  // Begins what is left. From here on every gradient is the sum of all ranks', and where a rank's
  // tokens touched a row of an embedding, the optimizers of all ranks visit it.
  void finish();

  std::size_t count() const { return buckets_.size(); }

 private:
  // A lookup table is a bucket of its own: most of its rows need not be summed.
  struct Bucket {
    std::size_t first;  // of its parameters
    Tensor gradients, active_rows;
  };

  std::vector<Bucket> buckets_;  // from the last parameters to the first
  std::size_t begun_ = 0;
  std::unique_ptr<BackgroundSums> sums_;  // null for a rank that is alone
};

}  // namespace lathe
