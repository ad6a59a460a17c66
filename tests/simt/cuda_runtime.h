// A GPU for machines without one. This header stands in for the CUDA toolkit's header of the same
// name, so that g++ compiles the very files of kernels/cuda/ that nvcc compiles, and their kernels
// run here: the threads of a block (on Hopper, of a cluster of blocks) as fibers, one block after
// another, on one thread of the host.
//
// It is for proving kernels right, not for speed. A launch throws simt::Violation when a kernel
//   - leaves some threads of a block short of a __syncthreads(), or some lanes of a mask short of a
//     __syncwarp(), shuffle or vote;
//   - reads memory that another thread wrote, or writes memory that another thread read or wrote,
//     with no barrier between (shared memory and global memory alike; between blocks nothing orders
//     but the end of the launch);
//   - reads shared memory that no thread of the block has written, or goes past the shared memory
//     that the launch asked for;
//   - asks for what no device has (blocks of more than 1024 threads, 228 KB of shared memory, …).
// The memory accesses are seen through the calls that `-fsanitize=thread` makes the compiler emit,
// which simt.cpp answers. Objects built with AddressSanitizer instead check bounds, and lose the
// second and third point.
//
// Only what the kernels use is here; a name that is missing is added when a kernel needs it.
#pragma once

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstdint>
#include <cstring>
#include <functional>
#include <stdexcept>
#include <type_traits>

#define __global__
#define __device__
#define __host__
#define __forceinline__ inline
#define __launch_bounds__(...)
#define __grid_constant__
#define __shared__ static  // blocks run one after another: one copy of each is enough
#define __align__(bytes) __attribute__((aligned(bytes)))

struct uint3 {
  unsigned x, y, z;
};
struct dim3 {
  unsigned x = 1, y = 1, z = 1;
  constexpr dim3(unsigned x_ = 1, unsigned y_ = 1, unsigned z_ = 1) : x(x_), y(y_), z(z_) {}
};
struct alignas(8) uint2 {
  unsigned x, y;
};
struct alignas(8) float2 {
  float x, y;
};
struct alignas(16) float4 {
  float x, y, z, w;
};
struct alignas(16) int4 {
  int x, y, z, w;
};
inline float2 make_float2(float x, float y) { return {x, y}; }
inline float4 make_float4(float x, float y, float z, float w) { return {x, y, z, w}; }

namespace simt {

// What a kernel did that no kernel may do.
class Violation : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

constexpr unsigned kWarp = 32;

enum class Collective { kShuffle, kBallot, kSyncWarp, kTogether };

// Waits for the lanes of `mask`. A shuffle returns what lane `source` brought, a ballot the lanes
// that brought something other than 0.
uint64_t collective(Collective kind, unsigned mask, uint64_t value, unsigned source);
// What a lane of the warp brought to its last collective; until the caller's next one.
uint64_t brought_by(unsigned lane);
unsigned lane();
void sync_block();
void sync_cluster();       // all threads of the cluster that have not ended
unsigned running_block();  // its number in the cluster
void require_aligned(const void* address, std::size_t bytes);

void* dynamic_shared();  // of the running block, aligned to 16 bytes

// Runs `thread` once for every thread of the grid.
void run_grid(dim3 grid, dim3 block, std::size_t shared_bytes, unsigned cluster, const void* kernel,
              const std::function<void()>& thread);
void allow_shared(const void* kernel, int bytes);

template <class T>
T shuffle(unsigned mask, T value, unsigned source) {
  static_assert(sizeof(T) <= 8 && std::is_trivially_copyable_v<T>);
  uint64_t bits = 0;
  std::memcpy(&bits, &value, sizeof value);
  bits = collective(Collective::kShuffle, mask, bits, source);
  std::memcpy(&value, &bits, sizeof value);
  return value;
}

// ---- tensor cores ----

inline uint16_t to_bf16(float x) {
  uint32_t bits = 0;
  std::memcpy(&bits, &x, sizeof bits);
  if (std::isnan(x)) return 0x7fff;
  return static_cast<uint16_t>((bits + 0x7fff + (bits >> 16 & 1)) >> 16);
}
inline float from_bf16(uint16_t x) {
  const uint32_t bits = uint32_t{x} << 16;
  float value = 0;
  std::memcpy(&value, &bits, sizeof value);
  return value;
}

// mma.m16n8k16 of a lane's elements of a, b and the sums, which are added to.
void multiply_add(const uint32_t (&a)[4], const uint32_t (&b)[2], float (&sums)[4]);

// ldmatrix.x4: every lane gives the address of a row, and reads from others' rows. Whole words, as
// kernels write them: accesses are compared with others of their size.
inline void load_matrices(const uint16_t* row, bool transposed, uint32_t (&words)[4]) {
  require_aligned(row, 16);
  collective(Collective::kShuffle, 0xffffffffu, reinterpret_cast<uint64_t>(row), lane());
  for (unsigned matrix = 0; matrix < 4; ++matrix) {
    const unsigned here = lane() / 4, next = lane() % 4 * 2;
    uint16_t pair[2];
    for (unsigned half = 0; half < 2; ++half) {
      const unsigned r = transposed ? next + half : here, c = transposed ? here : next + half;
      const auto* from = reinterpret_cast<const uint32_t*>(brought_by(matrix * 8 + r));
      const uint32_t word = from[c / 2];
      pair[half] = static_cast<uint16_t>(word >> c % 2 * 16);
    }
    words[matrix] = uint32_t{pair[0]} | uint32_t{pair[1]} << 16;
  }
}

// cp.async, done as late as a GPU may do it: when the thread waits for its group.
struct Copy {
  void* to;
  const void* from;
  int bytes;
};
void ask_for_copy(const Copy& copy);
void end_copies();
bool next_copy(int groups_left, Copy& copy);  // false: none is due

inline void copy_async(void* to, const void* from, int bytes) {
  require_aligned(to, 16);
  require_aligned(from, 16);
  ask_for_copy({to, from, bytes});
}
inline void wait_for_copies(int groups_left) {
  for (Copy copy{}; next_copy(groups_left, copy);) {
    auto* to = static_cast<uint32_t*>(copy.to);
    for (int word = 0; word < 4; ++word) {
      uint32_t value = 0;
      std::memcpy(&value, static_cast<const char*>(copy.from) + 4 * word,
                  static_cast<std::size_t>(std::clamp(copy.bytes - 4 * word, 0, 4)));
      to[word] = value;
    }
  }
}

}  // namespace simt

// Of the thread that runs.
extern uint3 threadIdx, blockIdx;
extern dim3 blockDim, gridDim;

// ---- what a thread may call ---------------------------------------------------------------------

inline float __uint_as_float(unsigned bits) {
  float value = 0;
  std::memcpy(&value, &bits, sizeof value);
  return value;
}

inline unsigned __float_as_uint(float value) {
  unsigned bits = 0;
  std::memcpy(&bits, &value, sizeof bits);
  return bits;
}

inline int __popc(unsigned x) { return std::popcount(x); }

inline void __syncthreads() { simt::sync_block(); }
inline void __syncwarp(unsigned mask = 0xffffffffu) {
  simt::collective(simt::Collective::kSyncWarp, mask, 0, 0);
}
template <class T>
T __shfl_sync(unsigned mask, T value, int source) {
  return simt::shuffle(mask, value, static_cast<unsigned>(source) % simt::kWarp);
}
template <class T>
T __shfl_xor_sync(unsigned mask, T value, int lanes) {
  return simt::shuffle(mask, value, simt::lane() ^ static_cast<unsigned>(lanes));
}
template <class T>
T __shfl_down_sync(unsigned mask, T value, unsigned lanes) {
  const unsigned source = simt::lane() + lanes;
  return simt::shuffle(mask, value, source < simt::kWarp ? source : simt::lane());
}
inline unsigned __ballot_sync(unsigned mask, int predicate) {
  const auto value = static_cast<uint64_t>(predicate != 0);
  return static_cast<unsigned>(simt::collective(simt::Collective::kBallot, mask, value, 0));
}
inline int __any_sync(unsigned mask, int predicate) { return __ballot_sync(mask, predicate) != 0; }
inline int __all_sync(unsigned mask, int predicate) {
  return __ballot_sync(mask, predicate) == mask;
}
// Not seen by the record of accesses. One thread runs at a time, so nothing can come between.
template <class T>
__attribute__((no_sanitize("thread"))) T atomicAdd(T* address, T value) {
  static_assert(std::is_integral_v<T>, "no floating-point atomics: their order is not determined");
  const T before = *address;
  *address = before + value;
  return before;
}

// ---- what the host may call ---------------------------------------------------------------------

// Device memory that cudaMalloc gives is closed to the host: touching it ends the process, as on a
// machine with a GPU. Everything asked for (launches, copies) happens when it is asked for, in
// which nothing can be awaited too little; with put_off_work(true) it happens only when somebody
// waits for it, as late as a stream may do it. Streams know nothing of each other but by events.
// GPUs of a process (one a thread, chosen by cudaSetDevice) share their memory.
using cudaStream_t = struct CUstream_st*;

namespace simt {
void put_off_work(bool put_off);
void enqueue(cudaStream_t stream, std::function<void()> work);
// Work that waits at the head of its stream until `ready` says that it can be done. Other threads
// change that, and tell.
void enqueue_when(cudaStream_t stream, std::function<bool()> ready, std::function<void()> work);
void tell_threads();
// Working memory of a stream, from here on in it and until then: with no numbers in it, and closed
// before and after where AddressSanitizer watches.
void lend(cudaStream_t stream, void* memory, std::size_t bytes);
void take_back(cudaStream_t stream, void* memory, std::size_t bytes);
int graph_launches();  // so far
}  // namespace simt

enum cudaError_t {
  cudaSuccess = 0,
  cudaErrorInvalidValue = 1,
  cudaErrorMemoryAllocation = 2,
  cudaErrorIllegalState = 401,
  cudaErrorStreamCaptureUnsupported = 900,
  cudaErrorStreamCaptureInvalidated = 901,
  cudaErrorCapturedEvent = 907,
  cudaErrorStreamCaptureWrongThread = 908
};
enum cudaStreamCaptureMode { cudaStreamCaptureModeThreadLocal = 1 };
enum cudaMemcpyKind {
  cudaMemcpyHostToDevice = 1,
  cudaMemcpyDeviceToHost,
  cudaMemcpyDeviceToDevice
};
enum cudaFuncAttribute { cudaFuncAttributeMaxDynamicSharedMemorySize = 8 };
enum cudaDeviceAttr {
  cudaDevAttrMultiProcessorCount = 16,
  cudaDevAttrComputeCapabilityMajor = 75,
  cudaDevAttrMaxSharedMemoryPerBlockOptin = 97
};
enum cudaMemoryType { cudaMemoryTypeUnregistered, cudaMemoryTypeHost, cudaMemoryTypeDevice };
constexpr unsigned cudaStreamNonBlocking = 1, cudaEventDisableTiming = 2;
using cudaEvent_t = struct CUevent_st*;
using cudaGraph_t = struct CUgraph_st*;
using cudaGraphExec_t = struct CUgraphExec_st*;
struct cudaDeviceProp {
  char name[256];
};
struct cudaPointerAttributes {
  cudaMemoryType type;
};

enum cudaLaunchAttributeID { cudaLaunchAttributeClusterDimension = 4 };
union cudaLaunchAttributeValue {
  struct {
    unsigned x, y, z;
  } clusterDim;
};
struct cudaLaunchAttribute {
  cudaLaunchAttributeID id;
  cudaLaunchAttributeValue val;
};
struct cudaLaunchConfig_t {
  dim3 gridDim, blockDim;
  std::size_t dynamicSmemBytes;
  cudaStream_t stream;
  cudaLaunchAttribute* attrs;
  unsigned numAttrs;
};

const char* cudaGetErrorString(cudaError_t error);
cudaError_t cudaGetLastError();
cudaError_t cudaSetDevice(int index);
cudaError_t cudaGetDevice(int* index);
cudaError_t cudaDeviceGetAttribute(int* value, cudaDeviceAttr attribute, int index);
cudaError_t cudaGetDeviceProperties(cudaDeviceProp* properties, int index);
cudaError_t cudaMalloc(void** memory, std::size_t bytes);
cudaError_t cudaFree(void* memory);
cudaError_t cudaMallocHost(void** memory, std::size_t bytes);
cudaError_t cudaFreeHost(void* memory);
cudaError_t cudaPointerGetAttributes(cudaPointerAttributes* attributes, const void* memory);
cudaError_t cudaStreamCreateWithFlags(cudaStream_t* stream, unsigned flags);
cudaError_t cudaStreamDestroy(cudaStream_t stream);
cudaError_t cudaStreamSynchronize(cudaStream_t stream);
cudaError_t cudaEventCreateWithFlags(cudaEvent_t* event, unsigned flags);
cudaError_t cudaEventDestroy(cudaEvent_t event);
cudaError_t cudaEventRecord(cudaEvent_t event, cudaStream_t stream);
cudaError_t cudaEventSynchronize(cudaEvent_t event);
cudaError_t cudaStreamWaitEvent(cudaStream_t stream, cudaEvent_t event, unsigned flags);
cudaError_t cudaStreamBeginCapture(cudaStream_t stream, cudaStreamCaptureMode mode);
cudaError_t cudaStreamEndCapture(cudaStream_t stream, cudaGraph_t* graph);
cudaError_t cudaGraphInstantiate(cudaGraphExec_t* program, cudaGraph_t graph,
                                 unsigned long long flags);
cudaError_t cudaGraphLaunch(cudaGraphExec_t program, cudaStream_t stream);
cudaError_t cudaGraphExecDestroy(cudaGraphExec_t program);
cudaError_t cudaGraphDestroy(cudaGraph_t graph);
cudaError_t cudaMemcpyAsync(void* to, const void* from, std::size_t bytes, cudaMemcpyKind kind,
                            cudaStream_t stream);
cudaError_t cudaMemsetAsync(void* memory, int value, std::size_t bytes, cudaStream_t stream);

template <class Kernel>
cudaError_t cudaFuncSetAttribute(Kernel* kernel, cudaFuncAttribute, int bytes) {
  simt::allow_shared(reinterpret_cast<const void*>(kernel), bytes);
  return cudaSuccess;
}

// The language's kernel<<<grid, block>>>(arguments) as a function, which both compilers know.
template <class... Parameters, class... Arguments>
cudaError_t cudaLaunchKernelEx(const cudaLaunchConfig_t* config, void (*kernel)(Parameters...),
                               Arguments&&... arguments) {
  const cudaLaunchConfig_t launch = *config;
  const unsigned cluster = launch.numAttrs > 0 ? launch.attrs[0].val.clusterDim.x : 1;
  simt::enqueue(launch.stream, [=] {
    simt::run_grid(launch.gridDim, launch.blockDim, launch.dynamicSmemBytes, cluster,
                   reinterpret_cast<const void*>(kernel), [&] { kernel(arguments...); });
  });
  return cudaSuccess;
}
