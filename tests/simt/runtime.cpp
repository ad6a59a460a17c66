// The host's part of the toolkit: memory, and streams whose work can be put off.
#include <cuda_runtime.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cstdlib>
#include <deque>
#include <map>
#include <mutex>

#include "base/error.h"

namespace simt {

namespace {

// One device, one order of work for all of its streams: what is asked for later may not be done
// earlier.
struct Queue {
  std::recursive_mutex mutex;
  bool puts_off = false;
  std::deque<std::function<void()>> work;
  uint64_t asked = 0, done = 0;
};

Queue& queue() {
  static Queue instance;
  return instance;
}

// Memory that cudaMalloc gave. The host may not touch it: its pages are open only while the device
// works.
struct Memory {
  std::map<const char*, std::size_t> pieces;
  std::map<const char*, std::size_t> pinned;
};

Memory& memory() {
  static Memory instance;
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

void work_until(uint64_t number) {
  Queue& q = queue();
  const DeviceAtWork open;
  while (q.done < number) {
    const std::function<void()> next = std::move(q.work.front());
    q.work.pop_front();
    ++q.done;
    next();
  }
}

bool lies_in(const std::map<const char*, std::size_t>& pieces, const void* address) {
  const char* at = static_cast<const char*>(address);
  auto after = pieces.upper_bound(at);
  return after != pieces.begin() && at < std::prev(after)->first + std::prev(after)->second;
}

}  // namespace

void put_off_work(bool put_off) {
  const std::lock_guard lock(queue().mutex);
  work_until(queue().asked);
  queue().puts_off = put_off;
}

void enqueue(std::function<void()> work) {
  Queue& q = queue();
  const std::lock_guard lock(q.mutex);
  q.work.push_back(std::move(work));
  ++q.asked;
  if (!q.puts_off) work_until(q.asked);
}

}  // namespace simt

struct CUevent_st {
  uint64_t after = 0;
};

using simt::memory;
using simt::queue;

const char* cudaGetErrorString(cudaError_t error) {
  return error == cudaSuccess ? "no error" : "out of memory";
}
cudaError_t cudaGetLastError() { return cudaSuccess; }
cudaError_t cudaSetDevice(int) { return cudaSuccess; }
cudaError_t cudaGetDeviceProperties(cudaDeviceProp* properties, int) {
  std::strcpy(properties->name, "emulated");
  return cudaSuccess;
}
cudaError_t cudaDeviceGetDefaultMemPool(cudaMemPool_t*, int) { return cudaSuccess; }
cudaError_t cudaMemPoolSetAttribute(cudaMemPool_t, cudaMemPoolAttr, void*) { return cudaSuccess; }

// ---- memory -------------------------------------------------------------------------------------

cudaError_t cudaMalloc(void** address, std::size_t bytes) {
  const std::lock_guard lock(queue().mutex);
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
  const std::lock_guard lock(queue().mutex);
  simt::work_until(queue().asked);
  const auto piece = memory().pieces.find(static_cast<char*>(address));
  munmap(address, simt::whole_pages(piece->second) + simt::whole_pages(1));
  memory().pieces.erase(piece);
  return cudaSuccess;
}

cudaError_t cudaMallocHost(void** address, std::size_t bytes) {
  const std::lock_guard lock(queue().mutex);
  *address = std::malloc(bytes);
  if (*address == nullptr) return cudaErrorMemoryAllocation;
  std::memset(*address, 0xff, bytes);
  memory().pinned[static_cast<char*>(*address)] = bytes;
  return cudaSuccess;
}

cudaError_t cudaFreeHost(void* address) {
  const std::lock_guard lock(queue().mutex);
  simt::work_until(queue().asked);
  memory().pinned.erase(static_cast<char*>(address));
  std::free(address);
  return cudaSuccess;
}

cudaError_t cudaPointerGetAttributes(cudaPointerAttributes* attributes, const void* address) {
  const std::lock_guard lock(queue().mutex);
  attributes->type = simt::lies_in(memory().pieces, address)   ? cudaMemoryTypeDevice
                     : simt::lies_in(memory().pinned, address) ? cudaMemoryTypeHost
                                                               : cudaMemoryTypeUnregistered;
  return cudaSuccess;
}

cudaError_t cudaMallocAsync(void** address, std::size_t bytes, cudaStream_t) {
  *address = std::malloc(bytes);
  if (*address == nullptr) return cudaErrorMemoryAllocation;
  std::memset(*address, 0xff, bytes);  // not a number
  return cudaSuccess;
}

cudaError_t cudaFreeAsync(void* address, cudaStream_t) {
  simt::enqueue([=] { std::free(address); });
  return cudaSuccess;
}

cudaError_t cudaMemcpyAsync(void* to, const void* from, std::size_t bytes, cudaMemcpyKind,
                            cudaStream_t) {
  simt::enqueue([=] { std::memcpy(to, from, bytes); });
  return cudaSuccess;
}

cudaError_t cudaMemsetAsync(void* address, int value, std::size_t bytes, cudaStream_t) {
  simt::enqueue([=] { std::memset(address, value, bytes); });
  return cudaSuccess;
}

// ---- streams and events -------------------------------------------------------------------------

cudaError_t cudaStreamCreateWithFlags(cudaStream_t* stream, unsigned) {
  *stream = nullptr;
  return cudaSuccess;
}
cudaError_t cudaStreamDestroy(cudaStream_t) { return cudaSuccess; }
cudaError_t cudaStreamSynchronize(cudaStream_t) {
  const std::lock_guard lock(queue().mutex);
  simt::work_until(queue().asked);
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
cudaError_t cudaEventRecord(cudaEvent_t event, cudaStream_t) {
  const std::lock_guard lock(queue().mutex);
  event->after = queue().asked;
  return cudaSuccess;
}
cudaError_t cudaEventSynchronize(cudaEvent_t event) {
  const std::lock_guard lock(queue().mutex);
  simt::work_until(event->after);
  return cudaSuccess;
}
