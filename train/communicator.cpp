#include "train/communicator.h"

#include <omp.h>

#include <algorithm>
#include <condition_variable>
#include <cstring>
#include <exception>
#include <mutex>
#include <thread>
#include <vector>

#include "base/error.h"

namespace lathe {

namespace {

class Alone final : public Communicator {
 public:
  int rank() const override { return 0; }
  int size() const override { return 1; }
  void barrier() override {}
  void all_reduce(std::span<float>) override {}
  void all_reduce(std::span<double>) override {}
  void all_reduce_max(std::span<uint8_t>) override {}
  void broadcast(std::span<std::byte>, int) override {}
  void all_gather(uint64_t mine, std::span<uint64_t> all) override { all[0] = mine; }
};

// Where the threads of a group meet.
class Meeting {
 public:
  explicit Meeting(int ranks) : ranks_(ranks), published_(static_cast<std::size_t>(ranks)) {}

  // Waits for all ranks. RankLost when one will not come.
  void wait() {
    std::unique_lock lock(mutex_);
    if (left_) end_unequal();
    if (lost_) throw RankLost("another rank failed");
    const uint64_t round = round_;
    if (++waiting_ == ranks_) {
      waiting_ = 0;
      ++round_;
      everyone_.notify_all();
      return;
    }
    everyone_.wait(lock, [&] { return round_ != round || lost_; });
    if (round_ == round) throw RankLost("another rank failed");
  }

  // The rank's work is done; nobody may wait for it any more.
  void leave() {
    const std::lock_guard lock(mutex_);
    left_ = true;
    if (waiting_ > 0) end_unequal();
  }

  void lose(std::exception_ptr error) {
    const std::lock_guard lock(mutex_);
    lost_ = true;
    if (error != nullptr && error_ == nullptr) error_ = std::move(error);
    everyone_.notify_all();
  }

  // Written by each rank before a wait, read by the others until the next.
  void*& published(int rank) { return published_[static_cast<std::size_t>(rank)]; }
  std::exception_ptr error() const { return error_; }

 private:
  void end_unequal() {
    if (error_ == nullptr) {
      error_ = std::make_exception_ptr(Error("a rank ended its work while another waits for it"));
    }
    lost_ = true;
    everyone_.notify_all();
  }

  const int ranks_;
  std::mutex mutex_;
  std::condition_variable everyone_;
  int waiting_ = 0;
  uint64_t round_ = 0;
  bool lost_ = false, left_ = false;
  std::exception_ptr error_;
  std::vector<void*> published_;
};

class ThreadRank final : public Communicator {
 public:
  ThreadRank(Meeting& meeting, int rank, int size) : meeting_(meeting), rank_(rank), size_(size) {}

  int rank() const override { return rank_; }
  int size() const override { return size_; }
  void barrier() override { meeting_.wait(); }

  void all_reduce(std::span<float> values) override {
    combine(values, [](float a, float b) { return a + b; });
  }
  void all_reduce(std::span<double> values) override {
    combine(values, [](double a, double b) { return a + b; });
  }
  void all_reduce_max(std::span<uint8_t> values) override {
    combine(values, [](uint8_t a, uint8_t b) { return std::max(a, b); });
  }

  void broadcast(std::span<std::byte> bytes, int root) override {
    meeting_.published(rank_) = bytes.data();
    meeting_.wait();
    if (rank_ != root && !bytes.empty()) {
      std::memcpy(bytes.data(), meeting_.published(root), bytes.size());
    }
    meeting_.wait();  // before the root goes on to change them
  }

  void all_gather(uint64_t mine, std::span<uint64_t> all) override {
    meeting_.published(rank_) = &mine;
    meeting_.wait();
    for (int r = 0; r < size_; ++r) {
      all[static_cast<std::size_t>(r)] = *static_cast<uint64_t*>(meeting_.published(r));
    }
    meeting_.wait();
  }

 private:
  // Each rank combines a part of the values of all ranks, and writes the result to all of them.
  template <class T, class Combine>
  void combine(std::span<T> values, const Combine& combine) {
    meeting_.published(rank_) = values.data();
    meeting_.wait();
    std::vector<T*> ranks;
    ranks.reserve(static_cast<std::size_t>(size_));
    for (int r = 0; r < size_; ++r) ranks.push_back(static_cast<T*>(meeting_.published(r)));
    const std::size_t n = static_cast<std::size_t>(size_), r = static_cast<std::size_t>(rank_);
    const std::size_t end = values.size() * (r + 1) / n;
    for (std::size_t i = values.size() * r / n; i < end; i += kBlock) {
      combine_block(ranks, i, std::min(kBlock, end - i), combine);
    }
    meeting_.wait();
  }

  static constexpr std::size_t kBlock = 1024;  // stays in the first cache

  template <class T, class Combine>
  static void combine_block(const std::vector<T*>& ranks, std::size_t first, std::size_t count,
                            const Combine& combine) {
    T block[kBlock];
    std::copy_n(ranks[0] + first, count, block);
    for (std::size_t other = 1; other < ranks.size(); ++other) {
      const T* values = ranks[other] + first;
      for (std::size_t i = 0; i < count; ++i) block[i] = combine(block[i], values[i]);
    }
    for (T* other : ranks) std::copy_n(block, count, other + first);
  }

  Meeting& meeting_;
  int rank_, size_;
};

void run_rank(Meeting& meeting, int rank, int size, int threads,
              const std::function<void(Communicator&)>& work) {
  omp_set_num_threads(threads);  // of this thread alone
  try {
    ThreadRank communicator(meeting, rank, size);
    work(communicator);
    meeting.leave();
  } catch (const RankLost&) {
    meeting.lose(nullptr);
  } catch (...) {
    meeting.lose(std::current_exception());
  }
}

}  // namespace

Communicator& alone() {
  static Alone communicator;
  return communicator;
}

void run_ranks(int ranks, const std::function<void(Communicator&)>& work) {
  if (ranks == 1) return work(alone());
  Meeting meeting(ranks);
  const int threads = std::max(1, omp_get_max_threads() / ranks);
  {
    std::vector<std::jthread> group;
    group.reserve(static_cast<std::size_t>(ranks));
    for (int rank = 0; rank < ranks; ++rank) {
      group.emplace_back([&, rank] { run_rank(meeting, rank, ranks, threads, work); });
    }
  }
  if (meeting.error() != nullptr) std::rethrow_exception(meeting.error());
}

}  // namespace lathe
