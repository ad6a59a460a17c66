// The Device of one GPU: its memory, one stream for all its work, and marks in it (events).
#include <utility>

#include "base/error.h"
#include "kernels/cuda/gpu.h"
#include "kernels/cuda/ops.h"

namespace lathe::LATHE_CUDA {

namespace {

class Gpu final : public Device {
 public:
  explicit Gpu(int index) {
    check(cudaSetDevice(index), "choosing the GPU");
    cudaDeviceProp properties{};
    check(cudaGetDeviceProperties(&properties, index), "asking for the GPU's properties");
    name_ = properties.name;
    check(cudaStreamCreateWithFlags(&stream_, cudaStreamNonBlocking), "making a stream");
  }
  ~Gpu() override {
    Workspace::release_all(stream_);
    cudaStreamDestroy(stream_);
  }
  Gpu(const Gpu&) = delete;
  Gpu& operator=(const Gpu&) = delete;

  std::string description() const override { return concat("cuda (", name_, ")"); }
  const Kernels& kernels(Gemm gemm) const override { return LATHE_CUDA::kernels(gemm); }
  Stream stream() const override { return stream_; }
  bool is_host() const override { return false; }

  void* allocate(int64_t bytes) override {
    void* memory = nullptr;
    if (!there_was_memory(cudaMalloc(&memory, static_cast<std::size_t>(bytes)))) return nullptr;
    check(cudaMemsetAsync(memory, 0, static_cast<std::size_t>(bytes), stream_), "zeroing memory");
    return memory;
  }
  void release(void* memory, int64_t) override { cudaFree(memory); }
  void* allocate_staging(int64_t bytes) override {
    void* memory = nullptr;
    return there_was_memory(cudaMallocHost(&memory, static_cast<std::size_t>(bytes))) ? memory
                                                                                      : nullptr;
  }
  void release_staging(void* memory, int64_t) override { cudaFreeHost(memory); }

  void upload(void* to, const void* from, int64_t bytes) override {
    exchange(to, from, bytes, cudaMemcpyHostToDevice, "a copy to the GPU");
  }
  void download(void* to, const void* from, int64_t bytes) override {
    exchange(to, from, bytes, cudaMemcpyDeviceToHost, "a copy from the GPU");
  }
  void copy(void* to, const void* from, int64_t bytes) override {
    check(cudaMemcpyAsync(to, from, static_cast<std::size_t>(bytes), cudaMemcpyDeviceToDevice,
                          stream_),
          "a copy on the GPU");
  }

  void* make_mark() override {
    cudaEvent_t event{};
    check(cudaEventCreateWithFlags(&event, cudaEventDisableTiming), "making an event");
    return event;
  }
  void set_mark(void* mark) override {
    check(cudaEventRecord(static_cast<cudaEvent_t>(mark), stream_), "recording an event");
  }
  void wait_for_mark(void* mark) override {
    check(cudaEventSynchronize(static_cast<cudaEvent_t>(mark)), "waiting for the GPU");
  }
  void release_mark(void* mark) override { cudaEventDestroy(static_cast<cudaEvent_t>(mark)); }

  bool captures() const override { return true; }
  void* capture(const std::function<void()>& ask) override {
    // What other threads do, packing the next batch, is none of the capture's business.
    check(cudaStreamBeginCapture(stream_, cudaStreamCaptureModeThreadLocal), "capturing work");
    Captured captured;
    try {
      ask();
    } catch (...) {
      cudaStreamEndCapture(stream_, &captured.work);  // it fails too: told already
      cudaGetLastError();
      throw;
    }
    check(cudaStreamEndCapture(stream_, &captured.work), "capturing work");
    check(cudaGraphInstantiate(&captured.program, captured.work, 0), "making a graph");
    return new Captured(std::move(captured));
  }
  void launch(void* graph) override {
    check(cudaGraphLaunch(static_cast<Captured*>(graph)->program, stream_), "launching a graph");
  }
  void release_graph(void* graph) override { delete static_cast<Captured*>(graph); }

 private:
  // What was asked for, and what the GPU does it by.
  struct Captured {
    Captured() = default;
    Captured(Captured&& other) noexcept
        : work(std::exchange(other.work, nullptr)),
          program(std::exchange(other.program, nullptr)) {}
    Captured& operator=(Captured&&) = delete;
    ~Captured() {
      if (program != nullptr) cudaGraphExecDestroy(program);
      if (work != nullptr) cudaGraphDestroy(work);
    }
    cudaGraph_t work{};
    cudaGraphExec_t program{};
  };

  static bool there_was_memory(cudaError_t error) {
    if (error != cudaErrorMemoryAllocation) check(error, "allocating memory");
    if (error == cudaSuccess) return true;
    cudaGetLastError();  // told here: not to be found by the next launch
    return false;
  }
  // From and to memory that is not pinned the copy itself waits only as long as that memory is in
  // use; the wait for a download makes this the same on every driver.
  void exchange(void* to, const void* from, int64_t bytes, cudaMemcpyKind kind, const char* what) {
    check(cudaMemcpyAsync(to, from, static_cast<std::size_t>(bytes), kind, stream_), what);
    cudaPointerAttributes attributes{};
    const void* host = kind == cudaMemcpyHostToDevice ? from : to;
    check(cudaPointerGetAttributes(&attributes, host), what);
    if (attributes.type == cudaMemoryTypeHost) return;
    check(cudaStreamSynchronize(stream_), what);
  }

  std::string name_;
  cudaStream_t stream_{};
};

}  // namespace

std::unique_ptr<Device> make_gpu(int index) { return std::make_unique<Gpu>(index); }

}  // namespace lathe::LATHE_CUDA
