// The scheduler of cuda_runtime.h: fibers, barriers, and the record of who touched which memory.
#include <cuda_runtime.h>
#include <sys/mman.h>

#include <algorithm>
#include <cstdlib>
#include <deque>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "base/error.h"
#include "tests/simt/block.h"
#include "tests/simt/hopper.h"
#include "tests/simt/shadow.h"

#ifdef __SANITIZE_ADDRESS__
#include <sanitizer/asan_interface.h>
#include <sanitizer/common_interface_defs.h>
#endif

uint3 threadIdx, blockIdx;
dim3 blockDim, gridDim;

// simt_switch(&from, to): keeps the registers that a call must keep, and the stack pointer, of the
// code that runs; goes on where `to` was left.
extern "C" void simt_switch(void** from, void* to);
asm(R"(
  .text
  .globl simt_switch
  .type simt_switch, @function
simt_switch:
  pushq %rbp
  pushq %rbx
  pushq %r12
  pushq %r13
  pushq %r14
  pushq %r15
  movq %rsp, (%rdi)
  movq %rsi, %rsp
  popq %r15
  popq %r14
  popq %r13
  popq %r12
  popq %rbx
  popq %rbp
  ret
  .size simt_switch, .-simt_switch
)");

extern "C" const char __executable_start;  // of the program, from the linker

namespace simt {

constinit thread_local Stacks stacks;

namespace {

using lathe::concat;

constexpr std::size_t kStackBytes = 64 * 1024;
constexpr std::size_t kDefaultShared = 48 * 1024;  // without cudaFuncSetAttribute
constexpr std::size_t kSharedRoom = 256 * 1024;
constexpr unsigned kMaxBlocks = 8;  // of a cluster

enum class State { kRunnable, kAtBlockBarrier, kAtCollective, kWaiting, kDone };

struct Fiber {
  void* stack_pointer = nullptr;
  State state = State::kDone;
  uint3 index{};
  unsigned number = 0, block = 0;                            // in the cluster
  Collective kind{};                                         // of the collective that it waits at
  void (*work)(const uint64_t (&brought)[kWarp]) = nullptr;  // of kTogether
  unsigned mask = 0, source = 0;
  uint64_t value = 0;                            // brought, then received
  std::deque<std::pair<uint64_t, Copy>> copies;  // asked for and not made yet, with their group
  uint64_t copy_groups = 0;                      // that have been ended
  // What it waits for by itself.
  bool (*ready)(const void* where) = nullptr;
  const void* where = nullptr;
  const char* awaited = nullptr;
};

// A block of the cluster that runs.
struct Block {
  uint3 index{};
  unsigned at_barrier = 0, done = 0;
};

// Everything about the cluster of blocks that runs: nearly always of one.
struct Machine {
  Machine()
      : stack_memory(
            static_cast<char*>(mmap(nullptr, kMaxThreads * kStackBytes, PROT_READ | PROT_WRITE,
                                    MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0))),
        fibers(kMaxThreads) {
    if (stack_memory == MAP_FAILED) lathe::fail("simt: no memory for the stacks of a block");
  }

  char* stack_memory;
  std::vector<Fiber> fibers;
  unsigned threads = 0, threads_of_block = 0, done = 0;
  Block blocks[kMaxBlocks];
  Fiber* running = nullptr;
  const std::function<void()>* kernel = nullptr;
  void* scheduler = nullptr;  // its stack pointer
  const void* scheduler_stack = nullptr;
  std::size_t scheduler_stack_bytes = 0;
  std::string violation;
  std::size_t shared_bytes = 0;
  unsigned cluster = 0;                                   // that have run, and this one
  unsigned at_cluster_barrier = 0, cluster_barriers = 0;  // threads there; how often all were
  Shadow shadow;
  std::map<const void*, std::size_t> allowed_shared;
  uint64_t brought[kMaxThreads / kWarp][kWarp] = {};  // by each warp's lanes to its last collective
};

alignas(1024) char dynamic_memory[kMaxBlocks][kSharedRoom];

Machine& machine() {
  static Machine instance;
  return instance;
}

std::string name_of(const Fiber& fiber) {
  const uint3& block = machine().blocks[fiber.block].index;
  return concat("thread (", fiber.index.x, ",", fiber.index.y, ",", fiber.index.z, ") of block (",
                block.x, ",", block.y, ",", block.z, ")");
}

char* stack_of(const Fiber& fiber) { return machine().stack_memory + fiber.number * kStackBytes; }

// To the scheduler, and back when it resumes this fiber.
void leave([[maybe_unused]] bool for_ever) {
  Machine& m = machine();
  Fiber& fiber = *m.running;
#ifdef __SANITIZE_ADDRESS__
  void* fake_stack = nullptr;
  __sanitizer_start_switch_fiber(for_ever ? nullptr : &fake_stack, m.scheduler_stack,
                                 m.scheduler_stack_bytes);
#endif
  simt_switch(&fiber.stack_pointer, m.scheduler);
#ifdef __SANITIZE_ADDRESS__
  __sanitizer_finish_switch_fiber(fake_stack, nullptr, nullptr);
#endif
}

// Ends the launch; machine().violation says why. The fibers' stacks are left as they are, so
// nothing on them may own memory.
[[noreturn]] void stop() {
  leave(true);
  std::abort();  // never resumed
}

void fiber_main() {
  Machine& m = machine();
#ifdef __SANITIZE_ADDRESS__
  __sanitizer_finish_switch_fiber(nullptr, &m.scheduler_stack, &m.scheduler_stack_bytes);
#endif
  (*m.kernel)();
  m.running->state = State::kDone;
  ++m.blocks[m.running->block].done;
  ++m.done;
  leave(true);
  std::abort();  // never resumed
}

void start(Fiber& fiber) {
  char* top = stack_of(fiber) + kStackBytes;
#ifdef __SANITIZE_ADDRESS__
  __asan_unpoison_memory_region(top - kStackBytes, kStackBytes);  // an abandoned fiber's
#endif
  // What simt_switch pops: six registers, then where to go. A function expects the stack to be 8
  // bytes off a multiple of 16 when it starts.
  auto* frame = reinterpret_cast<void**>(top) - 8;
  std::fill_n(frame, 8, nullptr);
  frame[6] = reinterpret_cast<void*>(&fiber_main);
  fiber.stack_pointer = frame;
  fiber.state = State::kRunnable;
}

void resume(Fiber& fiber) {
  Machine& m = machine();
  m.running = &fiber;
  m.shadow.set_thread(fiber.number, fiber.block);
  threadIdx = fiber.index;
  blockIdx = m.blocks[fiber.block].index;
  stacks = {reinterpret_cast<uintptr_t>(m.stack_memory), kMaxThreads * kStackBytes};
#ifdef __SANITIZE_ADDRESS__
  void* fake_stack = nullptr;
  __sanitizer_start_switch_fiber(&fake_stack, stack_of(fiber), kStackBytes);
#endif
  simt_switch(&m.scheduler, fiber.stack_pointer);
#ifdef __SANITIZE_ADDRESS__
  __sanitizer_finish_switch_fiber(fake_stack, nullptr, nullptr);
#endif
  stacks.bytes = 0;
  m.running = nullptr;
}

// Whether it waits at the same collective.
bool meets(const Fiber& other, const Fiber& fiber) {
  return other.state == State::kAtCollective && other.kind == fiber.kind &&
         other.mask == fiber.mask &&
         (fiber.kind != Collective::kTogether || other.work == fiber.work);
}

// Why nothing runs: the first thread that waits, and the first that it waits for.
std::string deadlock() {
  const Machine& m = machine();
  for (unsigned t = 0; t < m.threads; ++t) {
    const Fiber& fiber = m.fibers[t];
    if (fiber.state == State::kAtCollective) {
      for (unsigned lane = 0; lane < kWarp; ++lane) {
        const unsigned other = t / kWarp * kWarp + lane;
        if ((fiber.mask >> lane & 1) == 0) continue;
        if (other >= m.threads) {
          return concat(name_of(fiber), " waits for lane ", lane, ", which its warp has not");
        }
        const Fiber& o = m.fibers[other];
        if (meets(o, fiber)) continue;
        return concat(name_of(fiber), " waits at a warp's shuffle, vote or __syncwarp that ",
                      name_of(o), " does not reach");
      }
    }
  }
  for (unsigned t = 0; t < m.threads; ++t) {
    const Fiber& fiber = m.fibers[t];
    if (fiber.state == State::kWaiting) {
      return concat(name_of(fiber), " waits at ", fiber.awaited, " and nothing comes");
    }
  }
  for (unsigned t = 0; t < m.threads; ++t) {
    const Fiber& fiber = m.fibers[t];
    if (fiber.state == State::kAtBlockBarrier) continue;
    const auto waiting =
        std::find_if(m.fibers.begin(), m.fibers.begin() + m.threads, [&](const Fiber& f) {
          return f.block == fiber.block && f.state == State::kAtBlockBarrier;
        });
    if (waiting == m.fibers.begin() + m.threads) continue;
    return concat(name_of(*waiting), " waits at a __syncthreads that ", name_of(fiber),
                  " does not reach");
  }
  return "no thread runs";
}

// The blocks whose indices have been set.
void run_cluster(unsigned blocks) {
  Machine& m = machine();
  m.done = m.at_cluster_barrier = 0;
  for (Block& block : m.blocks) block.at_barrier = block.done = 0;
  ++m.cluster;
  m.shadow.start_cluster(blocks);
  for (Fiber& fiber : m.fibers) fiber.copies.clear(), fiber.copy_groups = 0;
  m.violation.clear();
  for (unsigned b = 0; b < blocks; ++b) {
    std::fill_n(dynamic_memory[b], m.shared_bytes, '\xff');  // not a number
  }
  for (unsigned t = 0; t < m.threads; ++t) start(m.fibers[t]);
  while (m.done < m.threads) {
    bool progress = false;
    for (unsigned t = 0; t < m.threads && m.violation.empty(); ++t) {
      Fiber& fiber = m.fibers[t];
      if (fiber.state == State::kWaiting && fiber.ready(fiber.where)) {
        fiber.state = State::kRunnable;
      }
      if (fiber.state != State::kRunnable) continue;
      resume(fiber);
      progress = true;
    }
    if (m.violation.empty() && !progress) m.violation = deadlock();
    if (!m.violation.empty()) throw Violation("simt: " + m.violation);
  }
}

void check_launch(dim3 grid, dim3 block, std::size_t shared_bytes, unsigned cluster,
                  const void* kernel) {
  const Machine& m = machine();
  const uint64_t threads = uint64_t{block.x} * block.y * block.z;
  if (threads == 0 || threads > kMaxThreads || block.z > 64) {
    throw Violation(concat("simt: a block of ", block.x, "x", block.y, "x", block.z, " threads"));
  }
  if (grid.x == 0 || grid.y == 0 || grid.z == 0 || grid.x > 0x7fffffffu || grid.y > 65535 ||
      grid.z > 65535) {
    throw Violation(concat("simt: a grid of ", grid.x, "x", grid.y, "x", grid.z, " blocks"));
  }
  if (cluster > 1 &&
      (hardware().compute_capability_major < 9 || cluster > kMaxBlocks || grid.x % cluster != 0 ||
       threads % (4 * kWarp) != 0 || cluster * threads > kMaxThreads)) {
    throw Violation(concat("simt: clusters of ", cluster, " blocks of ", threads,
                           " threads each, of ", grid.x, " blocks"));
  }
  const auto allowed = m.allowed_shared.find(kernel);
  const std::size_t most = allowed == m.allowed_shared.end() ? kDefaultShared : allowed->second;
  if (shared_bytes > most) {
    throw Violation(concat("simt: ", shared_bytes, " bytes of dynamic shared memory, where ", most,
                           " are allowed"));
  }
}

// Completes the collective that `fiber` waits at when all lanes of its mask are there.
void complete_if_all_there(Fiber& fiber) {
  Machine& m = machine();
  Fiber* warp = m.fibers.data() + fiber.number / kWarp * kWarp;
  const unsigned lanes = std::min(kWarp, m.threads - fiber.number / kWarp * kWarp);
  uint64_t brought[kWarp] = {}, ballot = 0;
  for (unsigned lane = 0; lane < kWarp; ++lane) {
    if ((fiber.mask >> lane & 1) == 0) continue;
    if (lane >= lanes || !meets(warp[lane], fiber)) return;
    brought[lane] = warp[lane].value;
    ballot |= uint64_t{warp[lane].value != 0} << lane;
  }
  if (fiber.kind == Collective::kTogether) fiber.work(brought);
  std::copy(std::begin(brought), std::end(brought), m.brought[fiber.number / kWarp]);
  for (unsigned lane = 0; lane < lanes; ++lane) {
    if ((fiber.mask >> lane & 1) == 0) continue;
    warp[lane].value = fiber.kind == Collective::kBallot ? ballot : brought[warp[lane].source];
    warp[lane].state = State::kRunnable;
  }
  if (fiber.kind == Collective::kSyncWarp && fiber.mask == 0xffffffffu) {
    m.shadow.sync_warp(fiber.number / kWarp);
  }
}

}  // namespace

unsigned lane() { return machine().running->number % kWarp; }
unsigned running_thread() { return machine().running->number; }
unsigned running_cluster() { return machine().cluster; }
unsigned running_block() { return machine().running->block; }
unsigned blocks_of_cluster() { return machine().threads / machine().threads_of_block; }
bool has_ended(unsigned block) {
  return machine().blocks[block].done == machine().threads_of_block;
}
SharedMemory shared_memory(unsigned block) {
  return {dynamic_memory[block], machine().shared_bytes};
}

void note_copied(const void* address, std::size_t bytes) {
  machine().shadow.copied(reinterpret_cast<uintptr_t>(address), bytes);
}

void violate(std::string what) {
  Machine& m = machine();
  what.insert(0, name_of(*m.running) + ' ');
  m.violation.swap(what);
  std::string().swap(what);  // what was there before: nothing on this stack may own memory
  stop();
}

void wait_until(bool (*ready)(const void* where), const void* where, const char* what) {
  Fiber& fiber = *machine().running;
  if (ready(where)) return;
  fiber.ready = ready, fiber.where = where, fiber.awaited = what;
  fiber.state = State::kWaiting;
  leave(false);
}

void meet_in_warp(const void* mine, void (*work)(const uint64_t (&brought)[kWarp])) {
  machine().running->work = work;
  collective(Collective::kTogether, 0xffffffffu, reinterpret_cast<uint64_t>(mine), 0);
}

void require_aligned(const void* address, std::size_t bytes) {
  if (reinterpret_cast<uintptr_t>(address) % bytes == 0) return;
  violate(concat("loads from an address that is not aligned to ", bytes, " bytes"));
}

void* dynamic_shared() { return dynamic_memory[running_block()]; }

void ask_for_copy(const Copy& copy) {
  Fiber& fiber = *machine().running;
  fiber.copies.emplace_back(fiber.copy_groups, copy);
}

void end_copies() { ++machine().running->copy_groups; }

bool next_copy(int groups_left, Copy& copy) {
  Fiber& fiber = *machine().running;
  if (fiber.copies.empty()) return false;
  const auto& [group, first] = fiber.copies.front();
  if (group + static_cast<uint64_t>(groups_left) >= fiber.copy_groups) return false;
  copy = first;
  fiber.copies.pop_front();
  return true;
}

void allow_shared(const void* kernel, int bytes) {
  if (bytes < 0 || bytes > hardware().shared_bytes) {
    throw Violation(concat("simt: a block cannot have ", bytes, " bytes of shared memory"));
  }
  machine().allowed_shared[kernel] = static_cast<std::size_t>(bytes);
}

uint64_t collective(Collective kind, unsigned mask, uint64_t value, unsigned source) {
  Machine& m = machine();
  Fiber& fiber = *m.running;
  if ((mask >> fiber.number % kWarp & 1) == 0) violate("is not in its own mask");
  if (kind == Collective::kShuffle && (mask >> source & 1) == 0) {
    violate(concat("shuffles from lane ", source, ", which is not in the mask"));
  }
  fiber.kind = kind, fiber.mask = mask, fiber.value = value, fiber.source = source;
  fiber.state = State::kAtCollective;
  complete_if_all_there(fiber);
  if (fiber.state != State::kRunnable) leave(false);
  return fiber.value;
}

uint64_t brought_by(unsigned lane) {
  const Machine& m = machine();
  return m.brought[m.running->number / kWarp][lane];
}

void sync_block() {
  Machine& m = machine();
  Fiber& fiber = *m.running;
  Block& block = m.blocks[fiber.block];
  fiber.state = State::kAtBlockBarrier;
  if (++block.at_barrier == m.threads_of_block) {
    block.at_barrier = 0;
    m.shadow.sync_block();
    Fiber* fibers = m.fibers.data() + fiber.block * m.threads_of_block;
    for (unsigned t = 0; t < m.threads_of_block; ++t) fibers[t].state = State::kRunnable;
    return;
  }
  leave(false);
}

void sync_cluster() {
  Machine& m = machine();
  const unsigned mine = m.cluster_barriers;
  ++m.at_cluster_barrier;
  const auto all_came = [](const void* where) {
    Machine& all = machine();
    if (*static_cast<const unsigned*>(where) != all.cluster_barriers) return true;
    if (all.at_cluster_barrier + all.done < all.threads) return false;
    all.at_cluster_barrier = 0;
    ++all.cluster_barriers;
    all.shadow.sync_cluster();
    return true;
  };
  wait_until(all_came, &mine, "the barrier of its cluster");
}

void run_grid(dim3 grid, dim3 block, std::size_t shared_bytes, unsigned cluster, const void* kernel,
              const std::function<void()>& thread) {
  Machine& m = machine();
  check_launch(grid, block, shared_bytes, cluster, kernel);
  gridDim = grid, blockDim = block;
  m.threads_of_block = block.x * block.y * block.z;
  m.threads = cluster * m.threads_of_block;
  m.kernel = &thread;
  m.shared_bytes = shared_bytes;
  for (unsigned t = 0; t < m.threads; ++t) {
    const unsigned in_block = t % m.threads_of_block;
    m.fibers[t].number = t, m.fibers[t].block = t / m.threads_of_block;
    m.fibers[t].index = {in_block % block.x, in_block / block.x % block.y,
                         in_block / (block.x * block.y)};
  }
  m.shadow.start_launch(dynamic_memory, kSharedRoom, shared_bytes);
  for (unsigned z = 0; z < grid.z; ++z) {
    for (unsigned y = 0; y < grid.y; ++y) {
      for (unsigned x = 0; x < grid.x; x += cluster) {
        for (unsigned b = 0; b < cluster; ++b) m.blocks[b].index = {x + b, y, z};
        run_cluster(cluster);
      }
    }
  }
}

void touch(const void* address, std::size_t bytes, Access access, const void* code) {
  Machine& m = machine();
  if (m.shadow.touch(reinterpret_cast<uintptr_t>(address), bytes, access)) return;
  violate(concat(m.shadow.complaint(), " (addr2line -e PROGRAM 0x", std::hex,
                 static_cast<const char*>(code) - &__executable_start, ")"));
}

}  // namespace simt
