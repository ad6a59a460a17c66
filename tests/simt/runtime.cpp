// The host's part of the toolkit: memory, and streams whose work can be put off.
#include <cuda_runtime.h>
#include <sanitizer/asan_interface.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cstdlib>
#include <map>

#include "base/error.h"
#include "tests/simt/streams.h"

namespace simt {

Gpus& gpus() {
  static Gpus instance;
  return instance;
}

CUstream_st& stream_of(cudaStream_t stream) {
  return stream != nullptr ? *stream : gpus().streams.front();
}

namespace {

thread_local int current_device = 0;

// Memory that cudaMalloc gave. The host may not touch it: its pages are open only while the device
// works.
struct Memory {
  std::map<const char*, std::size_t> pieces;
  std::map<const char*, std::size_t> pinned;
};

// Never destroyed: GPUs that are give their memory back.
Memory& memory() {
  static Memory& instance = *new Memory;
  return instance;
}

std::size_t whole_pages(std::size_t bytes) {
  const auto page = static_cast<std::size_t>(sysconf(_SC_PAGESIZE));
  return (bytes + page - 1) / page * page;
}

void protect(int protection) {
  for (const auto& [start, bytes] : memory().pieces) {
    mprotect(const_cast<char*>(start), whole_pages(bytes), protection);
  }
}

class DeviceAtWork {
 public:
  DeviceAtWork() { protect(PROT_READ | PROT_WRITE); }
  ~DeviceAtWork() { protect(PROT_NONE); }
  DeviceAtWork(const DeviceAtWork&) = delete;
  DeviceAtWork& operator=(const DeviceAtWork&) = delete;
};

using Lock = std::unique_lock<std::mutex>;

// Does the next work of a stream, unless it must wait for something.
bool advance(CUstream_st& stream) {
  if (stream.work.empty()) return false;
  CUstream_st::Item& next = stream.work.front();
  if (next.other != nullptr && next.other->done < next.after) return false;
  if (next.ready && !next.ready()) return false;
  const std::function<void()> work = std::move(next.work);
  stream.work.pop_front();
  ++stream.done;
  gpus().changed.notify_all();
  const DeviceAtWork open;
  work();
  return true;
}

void work_until(CUstream_st& stream, uint64_t number, Lock& lock) {
  while (stream.done < number) {
    if (advance(stream)) continue;
    const CUstream_st::Item& next = stream.work.front();
    if (next.other != nullptr && next.other->done < next.after) {
      work_until(*next.other, next.after, lock);
      continue;
    }
    // It waits for another GPU, which goes on whether its host waits for it or not.
    bool moved = false;
    for (CUstream_st& other : gpus().streams) moved = advance(other) || moved;
    if (!moved) gpus().changed.wait(lock);
  }
}

// The calling thread's GPU.
void work_off_device(Lock& lock) {
  for (CUstream_st& stream : gpus().streams) {
    if (stream.device == current_device) work_until(stream, stream.asked, lock);
  }
}

void ask(cudaStream_t stream, CUstream_st::Item item) {
  Lock lock(gpus().mutex);
  CUstream_st& at = stream_of(stream);
  if (at.capture != nullptr) {
    // Other streams could be captured along with it: not here.
    if (item.ready || item.other != nullptr) at.capture->error = cudaErrorStreamCaptureUnsupported;
    at.capture->recording->work.push_back(std::move(item.work));
    return;
  }
  at.work.push_back(std::move(item));
  ++at.asked;
  if (!gpus().puts_off) work_until(at, at.asked, lock);
}

bool lies_in(const std::map<const char*, std::size_t>& pieces, const void* address) {
  const char* at = static_cast<const char*>(address);
  auto after = pieces.upper_bound(at);
  return after != pieces.begin() && at < std::prev(after)->first + std::prev(after)->second;
}

}  // namespace

void put_off_work(bool put_off) {
  Lock lock(gpus().mutex);
  for (CUstream_st& stream : gpus().streams) work_until(stream, stream.asked, lock);
  gpus().puts_off = put_off;
}

void enqueue(cudaStream_t stream, std::function<void()> work) {
  ask(stream, {{}, nullptr, 0, std::move(work)});
}

void enqueue_when(cudaStream_t stream, std::function<bool()> ready, std::function<void()> work) {
  ask(stream, {std::move(ready), nullptr, 0, std::move(work)});
}

void tell_threads() { gpus().changed.notify_all(); }

void lend(cudaStream_t stream, void* memory, std::size_t bytes) {
  enqueue(stream, [=] {
    ASAN_UNPOISON_MEMORY_REGION(memory, bytes);
    std::memset(memory, 0xff, bytes);
  });
}
void take_back(cudaStream_t stream, void* memory, std::size_t bytes) {
  enqueue(stream, [=] { ASAN_POISON_MEMORY_REGION(memory, bytes); });
}

}  // namespace simt

struct CUevent_st {
  CUstream_st* stream = nullptr;  // null: never recorded
  uint64_t after = 0;
  bool captured = false;  // a place in a graph: nobody outside it can wait for it
};

using simt::gpus;
using simt::memory;

const char* cudaGetErrorString(cudaError_t error) {
  switch (error) {
    case cudaSuccess:
      return "no error";
    case cudaErrorInvalidValue:
      return "invalid argument";
    case cudaErrorMemoryAllocation:
      return "out of memory";
    case cudaErrorIllegalState:
      return "the operation cannot be performed in the present state";
    case cudaErrorStreamCaptureUnsupported:
      return "operation not permitted when stream is capturing";
    case cudaErrorStreamCaptureInvalidated:
      return "operation failed due to a previous error during capture";
    case cudaErrorCapturedEvent:
      return "operation not permitted on an event last recorded in a capturing stream";
    case cudaErrorStreamCaptureWrongThread:
      return "attempt to terminate a thread-local capture sequence from another thread";
  }
  return "unknown error";
}
cudaError_t cudaGetLastError() { return cudaSuccess; }
cudaError_t cudaSetDevice(int index) {
  simt::current_device = index;
  return cudaSuccess;
}
cudaError_t cudaGetDevice(int* index) {
  *index = simt::current_device;
  return cudaSuccess;
}
cudaError_t cudaGetDeviceProperties(cudaDeviceProp* properties, int) {
  std::strcpy(properties->name, "emulated");
  return cudaSuccess;
}

// ---- memory -------------------------------------------------------------------------------------

cudaError_t cudaMalloc(void** address, std::size_t bytes) {
  if (simt::spoils_capture()) return cudaErrorStreamCaptureUnsupported;
  const std::lock_guard lock(gpus().mutex);
  // With a page after it that nobody may touch.
  const std::size_t room = simt::whole_pages(bytes) + simt::whole_pages(1);
  void* start = mmap(nullptr, room, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (start == MAP_FAILED) return cudaErrorMemoryAllocation;
  const std::size_t usable = simt::whole_pages(bytes);
  mprotect(start, usable, PROT_READ | PROT_WRITE);
  std::memset(start, 0xff, usable);  // not a number
  mprotect(start, usable, PROT_NONE);
  memory().pieces[static_cast<char*>(start)] = bytes;
  *address = start;
  return cudaSuccess;
}

cudaError_t cudaFree(void* address) {
  if (simt::spoils_capture()) return cudaErrorStreamCaptureUnsupported;
  simt::Lock lock(gpus().mutex);
  simt::work_off_device(lock);
  const auto piece = memory().pieces.find(static_cast<char*>(address));
  ASAN_UNPOISON_MEMORY_REGION(address, piece->second);
  munmap(address, simt::whole_pages(piece->second) + simt::whole_pages(1));
  memory().pieces.erase(piece);
  return cudaSuccess;
}

cudaError_t cudaMallocHost(void** address, std::size_t bytes) {
  if (simt::spoils_capture()) return cudaErrorStreamCaptureUnsupported;
  const std::lock_guard lock(gpus().mutex);
  *address = std::malloc(bytes);
  if (*address == nullptr) return cudaErrorMemoryAllocation;
  std::memset(*address, 0xff, bytes);
  memory().pinned[static_cast<char*>(*address)] = bytes;
  return cudaSuccess;
}

cudaError_t cudaFreeHost(void* address) {
  if (simt::spoils_capture()) return cudaErrorStreamCaptureUnsupported;
  simt::Lock lock(gpus().mutex);
  simt::work_off_device(lock);
  memory().pinned.erase(static_cast<char*>(address));
  std::free(address);
  return cudaSuccess;
}

cudaError_t cudaPointerGetAttributes(cudaPointerAttributes* attributes, const void* address) {
  const std::lock_guard lock(gpus().mutex);
  attributes->type = simt::lies_in(memory().pieces, address)   ? cudaMemoryTypeDevice
                     : simt::lies_in(memory().pinned, address) ? cudaMemoryTypeHost
                                                               : cudaMemoryTypeUnregistered;
  return cudaSuccess;
}

cudaError_t cudaMemcpyAsync(void* to, const void* from, std::size_t bytes, cudaMemcpyKind kind,
                            cudaStream_t stream) {
  if (kind != cudaMemcpyDeviceToDevice) {
    const std::lock_guard lock(gpus().mutex);
    const void* host = kind == cudaMemcpyHostToDevice ? from : to;
    if (!simt::lies_in(memory().pinned, host) && simt::spoils_capture(simt::stream_of(stream))) {
      return cudaErrorStreamCaptureUnsupported;
    }
  }
  simt::enqueue(stream, [=] { std::memcpy(to, from, bytes); });
  return cudaSuccess;
}

cudaError_t cudaMemsetAsync(void* address, int value, std::size_t bytes, cudaStream_t stream) {
  simt::enqueue(stream, [=] { std::memset(address, value, bytes); });
  return cudaSuccess;
}

// ---- streams and events -------------------------------------------------------------------------

cudaError_t cudaStreamCreateWithFlags(cudaStream_t* stream, unsigned) {
  const std::lock_guard lock(gpus().mutex);
  *stream = &gpus().streams.emplace_back();
  (*stream)->device = simt::current_device;
  return cudaSuccess;
}
// It is kept, for events in it.
cudaError_t cudaStreamDestroy(cudaStream_t stream) { return cudaStreamSynchronize(stream); }
cudaError_t cudaStreamSynchronize(cudaStream_t stream) {
  if (simt::spoils_capture()) return cudaErrorStreamCaptureUnsupported;
  simt::Lock lock(gpus().mutex);
  CUstream_st& at = simt::stream_of(stream);
  simt::work_until(at, at.asked, lock);
  return cudaSuccess;
}
cudaError_t cudaStreamWaitEvent(cudaStream_t stream, cudaEvent_t event, unsigned) {
  if (event->captured)
    return cudaErrorStreamCaptureUnsupported;  // the stream would be captured too
  simt::ask(stream, {{}, event->stream, event->after, [] {}});
  return cudaSuccess;
}

cudaError_t cudaEventCreateWithFlags(cudaEvent_t* event, unsigned) {
  *event = new CUevent_st;
  return cudaSuccess;
}
cudaError_t cudaEventDestroy(cudaEvent_t event) {
  delete event;
  return cudaSuccess;
}
cudaError_t cudaEventRecord(cudaEvent_t event, cudaStream_t stream) {
  const std::lock_guard lock(gpus().mutex);
  CUstream_st& at = simt::stream_of(stream);
  *event = {&at, at.asked, at.capture != nullptr};
  return cudaSuccess;
}
cudaError_t cudaEventSynchronize(cudaEvent_t event) {
  if (simt::spoils_capture()) return cudaErrorStreamCaptureUnsupported;
  if (event->captured) return cudaErrorCapturedEvent;
  simt::Lock lock(gpus().mutex);
  if (event->stream != nullptr) simt::work_until(*event->stream, event->after, lock);
  return cudaSuccess;
}
