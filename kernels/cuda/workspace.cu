// Working memory of launches: a stack for each stream, in blocks that are never given back as long
// as the stream is there. Launches of a stream follow one another, so what one is done with the
// next may have; a graph may keep addresses. The driver, asked each time, would make two nodes of a
// graph for each of the hundreds of times in a training step.
#include <map>
#include <mutex>
#include <vector>

#include "kernels/cuda/device.h"

namespace lathe::LATHE_CUDA {

class Workspace::Stack {
 public:
  Stack() = default;
  ~Stack() {
    for (void* block : blocks_) cudaFree(block);
  }
  Stack(const Stack&) = delete;
  Stack& operator=(const Stack&) = delete;

  // Whole lines of memory, and in the tests room that nobody may touch.
  static int64_t room(int64_t bytes) { return ceil_div(bytes, kLine) * kLine + kGap; }

  void* take(int64_t bytes, const char* op) {
    if (used_ + room(bytes) > size_) grow(room(bytes), op);
    void* taken = static_cast<char*>(blocks_.back()) + used_;
    used_ += room(bytes);
    live_ += room(bytes);
    return taken;
  }
  // Of what is there now, what was taken last.
  void give_back(void* taken, int64_t bytes) {
    live_ -= room(bytes);
    // Of an earlier block nothing more is taken.
    const auto at = reinterpret_cast<uintptr_t>(taken);
    const auto block = reinterpret_cast<uintptr_t>(blocks_.back());
    if (at >= block && at < block + static_cast<uintptr_t>(size_)) used_ -= room(bytes);
  }

 private:
  static constexpr int64_t kLine = 256;
#ifdef __CUDACC__
  static constexpr int64_t kGap = 0;
#else
  static constexpr int64_t kGap = kLine;
#endif

  // So much that everything that is taken now would fit: when the same launches come again, perhaps
  // as a graph, which cannot grow it, it is not too small a second time.
  void grow(int64_t room, const char* op) {
    int64_t size = 2 * size_ > kLeast ? 2 * size_ : kLeast;
    if (size < live_ + room) size = live_ + room;
    void* block = nullptr;
    check(cudaMalloc(&block, static_cast<std::size_t>(size)), op);
    blocks_.push_back(block);
    size_ = size, used_ = 0;
  }
  static constexpr int64_t kLeast = 1 << 20;

  std::vector<void*> blocks_;
  int64_t size_ = 0, used_ = 0;  // of the last block
  int64_t live_ = 0;             // of all blocks
};

namespace {

std::mutex mutex;

std::map<Stream, Workspace::Stack>& stacks() {
  // Never destroyed: at exit the driver may be gone before.
  static auto& all = *new std::map<Stream, Workspace::Stack>;
  return all;
}

}  // namespace

Workspace::Workspace(int64_t bytes, Stream stream, const char* op)
    : bytes_(bytes), stream_(stream) {
  {
    const std::lock_guard lock(mutex);
    stack_ = &stacks()[stream];
  }
  data_ = stack_->take(bytes, op);
#ifndef __CUDACC__
  simt::lend(static_cast<cudaStream_t>(stream_), data_, static_cast<std::size_t>(bytes_));
#endif
}

Workspace::~Workspace() {
#ifndef __CUDACC__
  simt::take_back(static_cast<cudaStream_t>(stream_), data_, static_cast<std::size_t>(bytes_));
#endif
  stack_->give_back(data_, bytes_);
}

void Workspace::release_all(Stream stream) {
  const std::lock_guard lock(mutex);
  stacks().erase(stream);
}

}  // namespace lathe::LATHE_CUDA
