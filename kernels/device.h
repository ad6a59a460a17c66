// Where a backend computes: its memory, and the order of the work in it.
//
// Everything that a device is asked for (kernels, copies, marks) happens in the order in which it
// was asked for, one thing after the other. On a CPU it has happened when the call returns; a GPU
// works on while the host goes ahead, and the host learns how far it is from marks.
#pragma once

#include <cstdint>
#include <functional>
#include <string>

#include "kernels/kernels.h"

namespace lathe {

// Who multiplies matrices on a GPU: cublasLt where it is installed, else and on demand this
// project's kernels. A processor has one way.
enum class Gemm { kCublas, kOwn };

class Device {
 public:
  virtual ~Device() = default;

  virtual std::string description() const = 0;  // "cpu (avx512)", "cuda (NVIDIA H200)"
  virtual const Kernels& kernels(Gemm gemm = Gemm::kCublas) const = 0;
  virtual Stream stream() const = 0;  // for the kernels
  // Whether the host reads and writes the device's memory as its own.
  virtual bool is_host() const = 0;

  // Zeroed, aligned to a page or more; null where there is no such memory.
  virtual void* allocate(int64_t bytes) = 0;
  virtual void release(void* memory, int64_t bytes) = 0;
  // Memory of the host that the device copies from and to by itself.
  virtual void* allocate_staging(int64_t bytes) = 0;
  virtual void release_staging(void* memory, int64_t bytes) = 0;

  // To memory of the device from memory of the host, and the other way. Staging memory must be left
  // alone until a mark set after the copy has been reached; any other memory of the host has been
  // read, or written, when the call returns.
  virtual void upload(void* to, const void* from, int64_t bytes) = 0;
  virtual void download(void* to, const void* from, int64_t bytes) = 0;
  // Within the device's memory.
  virtual void copy(void* to, const void* from, int64_t bytes) = 0;

  // A mark is set after the work asked for so far; waiting for it is waiting for that work, and for
  // a mark never set, for nothing. tensor/mark.h holds one.
  virtual void* make_mark() = 0;
  virtual void set_mark(void* mark) = 0;
  virtual void wait_for_mark(void* mark) = 0;
  virtual void release_mark(void* mark) = 0;

  // Work that is asked for once and done as often as wanted: a launch of hundreds of kernels costs
  // the host what one does. capture() calls `ask`, which asks for work as ever; nothing of it is
  // done, all of it is kept, with the arguments that it had. launch() asks for what was kept, all
  // at once. Meanwhile the calling thread may not have the device allocate or release memory, wait
  // for it, or copy from or to memory of the host that is not staging: an Error. tensor/graph.h
  // holds what was captured.
  virtual bool captures() const = 0;  // else none of the following may be called
  virtual void* capture(const std::function<void()>& ask) = 0;
  virtual void launch(void* graph) = 0;
  virtual void release_graph(void* graph) = 0;  // it may still be at work
};

// This processor, with cpu_kernels().
Device& host_device();

// GPU number `index` of this machine, made the one that the calling thread works on; null where
// there is no such GPU. Lives as long as the process. When there is none at all, why_no_cuda() says
// why; else it is null.
Device* cuda_device(int index = 0);
int cuda_device_count();
const char* why_no_cuda();

}  // namespace lathe
