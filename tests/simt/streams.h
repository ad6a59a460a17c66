// What the emulator keeps of streams: for the sources of its host's part (runtime.cpp, graphs.cpp).
#pragma once

#include <cuda_runtime.h>

#include <condition_variable>
#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <thread>
#include <vector>

namespace simt {

// What a stream was asked for while it was captured.
struct Recording {
  std::vector<std::function<void()>> work;
};

struct Capture {
  std::thread::id thread = std::this_thread::get_id();
  cudaError_t error = cudaSuccess;  // why it will not become a graph
  std::shared_ptr<Recording> recording = std::make_shared<Recording>();
};

}  // namespace simt

// A stream: work in the order in which it was asked for.
struct CUstream_st {
  struct Item {
    std::function<bool()> ready;  // null: always
    CUstream_st* other;           // not null: another stream must be so far first
    uint64_t after;
    std::function<void()> work;
  };
  int device = 0;
  std::deque<Item> work;
  uint64_t asked = 0, done = 0;
  std::unique_ptr<simt::Capture> capture;  // null: work is done
};

namespace simt {

struct Gpus {
  std::mutex mutex;
  std::condition_variable changed;
  bool puts_off = false;
  std::deque<CUstream_st> streams{1};  // the first: the default one
};

Gpus& gpus();
CUstream_st& stream_of(cudaStream_t stream);

// Whether the calling thread captures a stream. If so the capture is lost, as it is with a real
// toolkit by a call that may wait for the device.
bool spoils_capture();
// The same of a call that only a captured stream refuses.
bool spoils_capture(CUstream_st& stream);

}  // namespace simt
