#include "train/prefetcher.h"

#include <utility>

namespace lathe {

Prefetcher::Prefetcher(const Epoch& epoch, int64_t first, int64_t stride)
    : epoch_(epoch), stride_(stride), thread_([this, first] { run(first); }) {}

Prefetcher::~Prefetcher() {
  {
    const std::lock_guard lock(mutex_);
    stopped_ = true;
  }
  changed_.notify_all();
  thread_.join();
}

void Prefetcher::run(int64_t index) {
  for (; index < epoch_.size(); index += stride_) {
    std::optional<Batch> batch;
    std::exception_ptr error;
    try {
      batch = epoch_[index];
    } catch (...) {
      error = std::current_exception();
    }
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [this] { return stopped_ || !ready_; });
    if (stopped_) return;
    ready_ = std::move(batch);
    error_ = error;
    changed_.notify_all();
    if (error) return;
  }
}

Batch Prefetcher::next() {
  std::unique_lock lock(mutex_);
  changed_.wait(lock, [this] { return ready_ || error_; });
  if (error_) std::rethrow_exception(error_);
  Batch batch = std::move(*ready_);
  ready_.reset();
  lock.unlock();
  changed_.notify_all();
  return batch;
}

}  // namespace lathe
