// How the ranks of a data-parallel run talk: every rank has a replica of the model and its part of
// each batch.
//
// All ranks make the same calls in the same order; each call returns when its rank's part is done.
// A sum is the same, bit for bit, on every rank. When a rank fails, the others' next call throws
// RankLost instead of waiting for it for ever.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <stdexcept>

#include "kernels/device.h"
#include "train/background_sums.h"

namespace lathe {

// Another rank failed: its error, not this one, says why.
class RankLost : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

class Communicator {
 public:
  virtual ~Communicator() = default;

  virtual int rank() const = 0;  // 0 … size() - 1; rank 0 logs and writes
  virtual int size() const = 0;
  // Its number among the ranks on the same machine.
  virtual int local_rank() const { return rank(); }

  virtual void barrier() = 0;
  // values = Σ over ranks, added in the order of the ranks. The same count on every rank.
  virtual void all_reduce(std::span<float> values) = 0;
  virtual void all_reduce(std::span<double> values) = 0;
  // values = the largest over ranks.
  virtual void all_reduce_max(std::span<uint8_t> values) = 0;
  // The bytes of rank `root` everywhere. The same count on every rank.
  virtual void broadcast(std::span<std::byte> bytes, int root) = 0;
  // all[r] = mine of rank r.
  virtual void all_gather(uint64_t mine, std::span<uint64_t> all) = 0;

  // Sums of numbers in that device's memory. Both outlive it.
  virtual std::unique_ptr<BackgroundSums> background_sums(Device& device);
};

// A run of one rank: every call returns at once.
Communicator& alone();

// Runs `work` on `ranks` threads of this process, a rank each, and waits for them all. The OpenMP
// threads of the caller are shared out among them. The first rank's exception that is not RankLost
// is thrown again here.
void run_ranks(int ranks, const std::function<void(Communicator&)>& work);

}  // namespace lathe
