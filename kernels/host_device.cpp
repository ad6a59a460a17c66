#include <sys/mman.h>

#include <cstring>

#include "base/error.h"
#include "kernels/device.h"

namespace lathe {

namespace {

class HostDevice final : public Device {
 public:
  std::string description() const override { return concat("cpu (", cpu_kernels().name, ")"); }
  const Kernels& kernels(Gemm) const override { return cpu_kernels(); }
  Stream stream() const override { return nullptr; }
  bool is_host() const override { return true; }

  // Pages are committed on first touch.
  void* allocate(int64_t bytes) override {
    void* memory = mmap(nullptr, static_cast<std::size_t>(bytes), PROT_READ | PROT_WRITE,
                        MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (memory == MAP_FAILED) return nullptr;
    // Large pages halve the misses of the translation cache in kernels that walk megabytes. A hint:
    // failing is harmless.
    madvise(memory, static_cast<std::size_t>(bytes), MADV_HUGEPAGE);
    return memory;
  }
  void release(void* memory, int64_t bytes) override {
    munmap(memory, static_cast<std::size_t>(bytes));
  }
  void* allocate_staging(int64_t bytes) override { return allocate(bytes); }
  void release_staging(void* memory, int64_t bytes) override { release(memory, bytes); }

  void upload(void* to, const void* from, int64_t bytes) override {
    std::memcpy(to, from, static_cast<std::size_t>(bytes));
  }
  void download(void* to, const void* from, int64_t bytes) override { upload(to, from, bytes); }
  void copy(void* to, const void* from, int64_t bytes) override { upload(to, from, bytes); }

  // All work is done when the call that asks for it returns.
  void* make_mark() override { return nullptr; }
  void set_mark(void*) override {}
  void wait_for_mark(void*) override {}
  void release_mark(void*) override {}

  bool captures() const override { return false; }
  void* capture(const std::function<void()>&) override { fail("a processor captures no work"); }
  void launch(void*) override {}
  void release_graph(void*) override {}
};

}  // namespace

Device& host_device() {
  static HostDevice device;
  return device;
}

}  // namespace lathe
