// Sums through the host's memory: by a thread beside the one that computes, or where the numbers
// are a GPU's, by copies when they are waited for.
#include "train/background_sums.h"

#include <algorithm>
#include <condition_variable>
#include <cstring>
#include <deque>
#include <exception>
#include <functional>
#include <memory>
#include <mutex>
#include <thread>
#include <vector>

#include "tensor/host_copy.h"
#include "train/communicator.h"

namespace lathe {

namespace {

std::span<float> floats(const Tensor& tensor) {
  return {tensor.f32(), static_cast<std::size_t>(tensor.count())};
}

// Of each row: 0 where no rank ever touched it, 1 where one has, kInUse where one does now.
constexpr uint8_t kInUse = 2;

std::vector<uint8_t> rows_in_use(const Tensor& table, const Tensor& active_rows) {
  const std::size_t columns = static_cast<std::size_t>(table.shape()[1]);
  std::vector<uint8_t> rows(active_rows.u8(), active_rows.u8() + active_rows.count());
  for (std::size_t row = 0; row < rows.size(); ++row) {
    if (rows[row] == 0) continue;
    uint32_t bits = 0;  // the bits of all its numbers: a sum of zeros need not be made
    for (std::size_t i = 0; i < columns && bits == 0; ++i) {
      std::memcpy(&bits, table.f32() + row * columns + i, sizeof bits);
    }
    rows[row] = bits != 0 ? kInUse : 1;
  }
  return rows;
}

// A batch touches few rows of a vocabulary, so only those that some rank's did are sent.
void sum_rows(Communicator& communicator, const Tensor& table, const Tensor& active_rows) {
  std::vector<uint8_t> rows = rows_in_use(table, active_rows);
  communicator.all_reduce_max(rows);
  const std::size_t columns = static_cast<std::size_t>(table.shape()[1]);
  std::vector<float> packed;
  for (std::size_t row = 0; row < rows.size(); ++row) {
    const float* from = table.f32() + row * columns;
    if (rows[row] == kInUse) packed.insert(packed.end(), from, from + columns);
  }
  communicator.all_reduce(std::span(packed));
  const float* from = packed.data();
  for (std::size_t row = 0; row < rows.size(); ++row) {
    active_rows.u8()[row] = rows[row] != 0 ? 1 : 0;
    if (rows[row] != kInUse) continue;
    std::copy_n(from, columns, table.f32() + row * columns);
    from += columns;
  }
}

// Does what it is given, one after another, on a thread of its own.
class Worker {
 public:
  Worker() : thread_([this] { work(); }) {}
  ~Worker() {
    {
      const std::lock_guard lock(mutex_);
      ends_ = true;
    }
    changed_.notify_all();
  }
  Worker(const Worker&) = delete;
  Worker& operator=(const Worker&) = delete;

  void give(std::function<void()> job) {
    {
      const std::lock_guard lock(mutex_);
      jobs_.push_back(std::move(job));
      ++unfinished_;
    }
    changed_.notify_all();
  }

  // For everything given; throws what a job threw.
  void wait() {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [&] { return unfinished_ == 0 || error_ != nullptr; });
    if (error_ != nullptr) std::rethrow_exception(error_);
  }

 private:
  void work() {
    for (std::function<void()> job; take(job);) {
      std::exception_ptr error;
      try {
        job();
      } catch (...) {
        error = std::current_exception();
      }
      const std::lock_guard lock(mutex_);
      --unfinished_;
      error_ = error;
      changed_.notify_all();
      if (error != nullptr) return;
    }
  }

  bool take(std::function<void()>& job) {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [&] { return ends_ || !jobs_.empty(); });
    if (ends_) return false;
    job = std::move(jobs_.front());
    jobs_.pop_front();
    return true;
  }

  std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<std::function<void()>> jobs_;
  std::size_t unfinished_ = 0;
  bool ends_ = false;
  std::exception_ptr error_;
  std::jthread thread_;  // the last: it uses the others
};

class HostSums final : public BackgroundSums {
 public:
  explicit HostSums(Communicator& communicator) : communicator_(communicator) {}

  void sum(const Tensor& values) override {
    worker_.give([this, values] { communicator_.all_reduce(floats(values)); });
  }
  void sum_table(const Tensor& table, const Tensor& active_rows) override {
    worker_.give([=, this] { sum_rows(communicator_, table, active_rows); });
  }
  void wait() override { worker_.wait(); }

 private:
  Communicator& communicator_;
  Worker worker_;
};

class StagedSums final : public BackgroundSums {
 public:
  StagedSums(Communicator& communicator, Device& device)
      : communicator_(communicator), device_(device) {}

  void sum(const Tensor& values) override { asked_.push_back({values, {}}); }
  void sum_table(const Tensor& table, const Tensor& active_rows) override {
    asked_.push_back({table, active_rows});
  }
  void wait() override {
    for (const Asked& asked : asked_) {
      HostCopy values(device_, asked.values), active_rows(device_, asked.active_rows);
      if (asked.active_rows.empty()) {
        communicator_.all_reduce(floats(values.tensor()));
      } else {
        sum_rows(communicator_, values.tensor(), active_rows.tensor());
      }
      values.write_back();
      active_rows.write_back();
    }
    asked_.clear();
  }

 private:
  struct Asked {
    Tensor values, active_rows;
  };
  Communicator& communicator_;
  Device& device_;
  std::vector<Asked> asked_;
};

}  // namespace

std::unique_ptr<BackgroundSums> Communicator::background_sums(Device& device) {
  if (device.is_host()) return std::make_unique<HostSums>(*this);
  return std::make_unique<StagedSums>(*this, device);
}

}  // namespace lathe
