// The one file outside kernels/cuda/ that knows CUDA. It has no kernel of its own: it orders NCCL's
// by the streams of this rank's GPU.
#include "base/error.h"
#include "kernels/cuda/device.h"
#include "kernels/cuda/library.h"
#include "train/nccl.h"

#if __has_include(<nccl.h>)

#include <nccl.h>

#include <algorithm>
#include <chrono>
#include <exception>
#include <mutex>
#include <shared_mutex>
#include <vector>

namespace lathe::LATHE_CUDA {

namespace {

#define LATHE_NCCL_FUNCTIONS(each)                                                       \
  each(ncclGetUniqueId) each(ncclCommInitRank) each(ncclCommDestroy) each(ncclCommAbort) \
      each(ncclAllReduce) each(ncclGroupStart) each(ncclGroupEnd) each(ncclGetErrorString)

struct Functions {
  LATHE_NCCL_FUNCTIONS(LATHE_DECLARE)
  bool find([[maybe_unused]] void* library) { return LATHE_NCCL_FUNCTIONS(LATHE_FIND) true; }
};

// Null where the machine has none.
const Functions* functions() {
  return functions_of<Functions>("libnccl.so." LATHE_TEXT(NCCL_MAJOR));
}

void check_nccl(const Functions& f, ncclResult_t result, const char* what) {
  if (result != ncclSuccess) fail("NCCL: ", what, ": ", f.ncclGetErrorString(result));
}

// The communicators of this process, a GPU and a rank each. When a rank fails, the kernels of the
// others would wait for its part for ever, and their hosts for the kernels: it aborts them all.
class Members {
 public:
  void add(ncclComm_t comm) {
    const std::lock_guard lock(list_);
    members_.push_back(comm);
  }
  // False when it has been aborted.
  bool remove(ncclComm_t comm) {
    const std::lock_guard lock(list_);
    return std::erase(members_, comm) > 0;
  }
  // RankLost when it has been aborted: then NCCL must not see it again.
  template <class Call>
  void use(ncclComm_t comm, const Call& call) {
    const std::shared_lock calling(calls_);
    {
      const std::lock_guard lock(list_);
      if (std::find(members_.begin(), members_.end(), comm) == members_.end()) {
        throw RankLost("another rank failed");
      }
    }
    call();
  }
  void abort_all(const Functions& f) {
    // A call takes microseconds, unless it waits for the very rank that failed.
    std::unique_lock calls(calls_, std::chrono::seconds(1));
    const std::lock_guard lock(list_);
    for (ncclComm_t comm : members_) f.ncclCommAbort(comm);
    members_.clear();
  }

 private:
  std::shared_timed_mutex calls_;
  std::mutex list_;
  std::vector<ncclComm_t> members_;
};

Members& members() {
  static Members instance;
  return instance;
}

class NcclSums final : public BackgroundSums {
 public:
  NcclSums(const Functions& f, ncclComm_t comm, Stream computing)
      : f_(f), comm_(comm), computing_(static_cast<cudaStream_t>(computing)) {
    check(cudaStreamCreateWithFlags(&summing_, cudaStreamNonBlocking), "making a stream");
    for (cudaEvent_t* event : {&ready_, &done_}) {
      check(cudaEventCreateWithFlags(event, cudaEventDisableTiming), "making an event");
    }
  }
  ~NcclSums() override {
    for (cudaEvent_t event : {ready_, done_}) cudaEventDestroy(event);
    cudaStreamDestroy(summing_);
  }
  NcclSums(const NcclSums&) = delete;
  NcclSums& operator=(const NcclSums&) = delete;

  void sum(const Tensor& values) override {
    follow(summing_, computing_, ready_);
    members().use(comm_, [&] { reduce(values, ncclFloat32, ncclSum); });
  }
  // The whole table: which rows are in use, the host would have to wait to learn.
  void sum_table(const Tensor& table, const Tensor& active_rows) override {
    follow(summing_, computing_, ready_);
    members().use(comm_, [&] {
      check_nccl(f_, f_.ncclGroupStart(), "beginning a group");
      reduce(table, ncclFloat32, ncclSum);
      reduce(active_rows, ncclUint8, ncclMax);
      check_nccl(f_, f_.ncclGroupEnd(), "asking for a sum");
    });
  }
  void wait() override { follow(computing_, summing_, done_); }

 private:
  // What `stream` is asked for from now on comes after what `other` was asked for so far.
  static void follow(cudaStream_t stream, cudaStream_t other, cudaEvent_t event) {
    check(cudaEventRecord(event, other), "recording an event");
    check(cudaStreamWaitEvent(stream, event, 0), "ordering two streams");
  }
  void reduce(const Tensor& values, ncclDataType_t type, ncclRedOp_t operation) const {
    check_nccl(
        f_,
        f_.ncclAllReduce(values.data(), values.data(), static_cast<std::size_t>(values.count()),
                         type, operation, comm_, summing_),
        "asking for a sum");
  }

  const Functions& f_;
  ncclComm_t comm_;
  cudaStream_t computing_, summing_{};
  cudaEvent_t ready_{}, done_{};
};

class NcclRank final : public Communicator {
 public:
  NcclRank(const Functions& f, Communicator& host) : f_(f), host_(host) {
    ncclUniqueId id{};
    if (rank() == 0) check_nccl(f, f.ncclGetUniqueId(&id), "asking for an id");
    host.broadcast({reinterpret_cast<std::byte*>(&id), sizeof id}, 0);
    check_nccl(f, f.ncclCommInitRank(&comm_, size(), id, rank()), "bringing the GPUs together");
    members().add(comm_);
  }
  ~NcclRank() override {
    if (std::uncaught_exceptions() > exceptions_) members().abort_all(f_);
    if (members().remove(comm_)) f_.ncclCommDestroy(comm_);
  }
  NcclRank(const NcclRank&) = delete;
  NcclRank& operator=(const NcclRank&) = delete;

  int rank() const override { return host_.rank(); }
  int size() const override { return host_.size(); }
  int local_rank() const override { return host_.local_rank(); }
  void barrier() override { host_.barrier(); }
  void all_reduce(std::span<float> values) override { host_.all_reduce(values); }
  void all_reduce(std::span<double> values) override { host_.all_reduce(values); }
  void all_reduce_max(std::span<uint8_t> values) override { host_.all_reduce_max(values); }
  void broadcast(std::span<std::byte> bytes, int root) override { host_.broadcast(bytes, root); }
  void all_gather(uint64_t mine, std::span<uint64_t> all) override { host_.all_gather(mine, all); }

  std::unique_ptr<BackgroundSums> background_sums(Device& device) override {
    return std::make_unique<NcclSums>(f_, comm_, device.stream());
  }

 private:
  const Functions& f_;
  Communicator& host_;
  ncclComm_t comm_{};
  int exceptions_ = std::uncaught_exceptions();
};

}  // namespace

std::unique_ptr<Communicator> make_nccl_communicator(Communicator& host) {
  const Functions* const f = functions();
  std::vector<uint64_t> found(static_cast<std::size_t>(host.size()));
  host.all_gather(f != nullptr ? 1 : 0, found);
  if (std::find(found.begin(), found.end(), 0) != found.end()) return nullptr;
  return std::make_unique<NcclRank>(*f, host);
}

}  // namespace lathe::LATHE_CUDA

#else

namespace lathe::LATHE_CUDA {

std::unique_ptr<Communicator> make_nccl_communicator(Communicator&) { return nullptr; }

}  // namespace lathe::LATHE_CUDA

#endif

// The program's, not the emulator's.
#ifdef __CUDACC__
namespace lathe {

std::unique_ptr<Communicator> nccl_communicator(Communicator& host, Device& gpu) {
  if (host.size() == 1 || gpu.is_host()) return nullptr;
  return cuda::make_nccl_communicator(host);
}

}  // namespace lathe
#endif
