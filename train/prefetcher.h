// The next batch, packed while the model computes with the one before.
#pragma once

#include <condition_variable>
#include <cstdint>
#include <exception>
#include <mutex>
#include <optional>
#include <thread>

#include "train/batches.h"

namespace lathe {

// Goes through the batches `first`, first + stride, … of an epoch on a thread of its own, one batch
// ahead: where the tokens lie on a disk, it is that thread that waits for them.
class Prefetcher {
 public:
  // The epoch must outlive it.
  Prefetcher(const Epoch& epoch, int64_t first, int64_t stride);
  ~Prefetcher();
  Prefetcher(const Prefetcher&) = delete;
  Prefetcher& operator=(const Prefetcher&) = delete;

  // The next of them, of which there must be one. What packing it threw is thrown here.
  Batch next();

 private:
  void run(int64_t index);

  const Epoch& epoch_;
  const int64_t stride_;
  std::mutex mutex_;
  std::condition_variable changed_;  // a batch is ready, was taken, or none is wanted any more
  std::optional<Batch> ready_;
  std::exception_ptr error_;
  bool stopped_ = false;
  std::thread thread_;  // the last member: it uses the others
};

}  // namespace lathe
