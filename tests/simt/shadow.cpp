#include "tests/simt/shadow.h"

#include <cuda_runtime.h>

#include <algorithm>

#include "base/error.h"

extern "C" char __bss_start, _end;  // from the linker: memory of `static` variables without a value

namespace simt {

namespace {

constexpr std::size_t kMaxPages = 4096;  // 200 MB; beyond that the past is forgotten

bool is_builtin(uintptr_t address) {
  for (const auto& [begin, bytes] :
       {std::pair<const void*, std::size_t>{&threadIdx, sizeof threadIdx},
        {&blockIdx, sizeof blockIdx},
        {&blockDim, sizeof blockDim},
        {&gridDim, sizeof gridDim}}) {
    if (address - reinterpret_cast<uintptr_t>(begin) < bytes) return true;
  }
  return false;
}

}  // namespace

void Shadow::start_launch(const void* rooms, std::size_t room, std::size_t dynamic_bytes) {
  rooms_ = static_cast<const char*>(rooms), room_ = room, dynamic_bytes_ = dynamic_bytes;
  static_ = {&__bss_start, &_end};
  launch_start_ = time_++;
  blocks_ = first_block_ = 0;
  if (pages_.size() < kMaxPages && time_ < 0xf0000000u) return;
  pages_.clear();
  std::fill(std::begin(recent_), std::end(recent_), Recent{});
  launch_start_ = 0, time_ = 1;
}

void Shadow::start_cluster(unsigned blocks) {
  first_block_ += blocks_;
  if (first_block_ == 0) first_block_ = 1;
  blocks_ = blocks;
  cluster_start_ = time_++;
  std::fill(std::begin(warp_sync_), std::end(warp_sync_), time_);
  sync_cluster();
}

void Shadow::sync_cluster() { std::fill(std::begin(syncs_), std::end(syncs_), time_++); }

void Shadow::copied(uintptr_t address, std::size_t bytes) {
  const auto block = static_cast<uint32_t>((address - reinterpret_cast<uintptr_t>(rooms_)) / room_);
  for (uintptr_t at = address; at < address + bytes; at += 4) {
    Cell& c = cell(at / 4);
    c.write_time = syncs_[block], c.write_block = first_block_ + block;
  }
}

Shadow::Cell& Shadow::cell(uintptr_t index) {
  const uintptr_t number = index >> kPageBits;
  Recent& recent = recent_[number % std::size(recent_)];
  if (recent.number != number) {
    std::unique_ptr<Page>& page = pages_[number];
    if (page == nullptr) page = std::make_unique<Page>(std::size_t{1} << kPageBits);
    recent = {number, page->data()};
  }
  return recent.cells[index % (uintptr_t{1} << kPageBits)];
}

bool Shadow::ordered(uint32_t time, uint32_t block, uint16_t thread, uint16_t warp,
                     bool shared) const {
  if (time <= launch_start_) return true;
  if (block != block_) return shared;  // each block has shared memory of its own
  if (time <= *block_sync_ || thread == thread_) return true;
  return warp == thread_ / kWarp && time <= warp_sync_[warp];
}

bool Shadow::complain(const char* what, uint16_t thread, uint32_t block) {
  complaint_ = lathe::concat(
      what, thread == kSeveral ? std::string("several threads") : lathe::concat("thread ", thread));
  complaint_ += block == block_ ? " of the block, with no barrier between"
                                : lathe::concat(" of block ", block - 1);
  return false;
}

bool Shadow::read(Cell& c, bool shared) {
  if (!ordered(c.write_time, c.write_block, c.writer, c.writer / kWarp, shared)) {
    return complain("reads what was written by ", c.writer, c.write_block);
  }
  const auto warp = static_cast<uint16_t>(thread_ / kWarp);
  if (ordered(c.read_time, c.read_block, c.reader, c.reader_warp, shared)) {
    c.reader = thread_, c.reader_warp = warp;
  } else {
    c.reader = kSeveral;
    if (c.reader_warp != warp) c.reader_warp = kSeveral;
  }
  c.read_time = time_, c.read_block = block_;
  return true;
}

bool Shadow::write(Cell& c, bool shared) {
  if (!ordered(c.write_time, c.write_block, c.writer, c.writer / kWarp, shared)) {
    return complain("overwrites what was written by ", c.writer, c.write_block);
  }
  if (!ordered(c.read_time, c.read_block, c.reader, c.reader_warp, shared)) {
    return complain("overwrites what was read by ", c.reader, c.read_block);
  }
  c.writer = thread_, c.write_time = time_, c.write_block = block_;
  return true;
}

inline bool Shadow::touch_cell(Cell& c, Access access, bool shared) {
  if (access == Access::kWrite) return write(c, shared);
  // Nearly always: written before a barrier, by this block.
  const bool written_before = c.write_block == block_ && c.write_time <= *block_sync_;
  if (written_before && c.write_time > cluster_start_ && c.reader == thread_ &&
      c.read_block == block_) {
    c.read_time = time_;
    return true;
  }
  if (!read(c, shared)) return false;
  if (!shared || (c.write_block == block_ && c.write_time > cluster_start_)) return true;
  complaint_ = "reads shared memory that no thread of the block has written";
  return false;
}

bool Shadow::touch(uintptr_t address, std::size_t bytes, Access access) {
  const bool in_dynamic = dynamic_.holds(address);
  const bool in_static = !in_dynamic && static_.holds(address) && !is_builtin(address);
  const bool shared = in_dynamic || in_static;
  if (in_static && blocks_ > 1) {
    complaint_ = "uses __shared__, of which blocks of a cluster have one between them here";
    return false;
  }
  if (in_dynamic &&
      address + bytes > reinterpret_cast<uintptr_t>(dynamic_.begin) + dynamic_bytes_) {
    complaint_ = lathe::concat("goes past the ", dynamic_bytes_,
                               " bytes of shared memory that the launch asked for");
    return false;
  }
  // Pieces smaller than 4 bytes have cells beyond all addresses.
  const bool small = bytes < 4;
  const uintptr_t first = small ? address | uintptr_t{bytes} << 60 : address / 4;
  const uintptr_t last = small ? first : (address + bytes - 1) / 4;
  if (first >> kPageBits != last >> kPageBits) {
    for (uintptr_t index = first; index <= last; ++index) {
      if (!touch_cell(cell(index), access, shared)) return false;
    }
    return true;
  }
  Cell* cells = &cell(first);
  for (uintptr_t n = 0; n <= last - first; ++n) {
    if (!touch_cell(cells[n], access, shared)) return false;
  }
  return true;
}

}  // namespace simt

// What `-fsanitize=thread` makes the compiler call.
namespace {

inline void note(const void* address, std::size_t bytes, simt::Access access, const void* code) {
  if (reinterpret_cast<uintptr_t>(address) - simt::stacks.begin < simt::stacks.bytes) return;
  if (simt::stacks.bytes != 0) simt::touch(address, bytes, access, code);
}

}  // namespace

#define SIMT_ACCESS(name, bytes, access)                                     \
  extern "C" void __tsan_##name(void* address);                              \
  extern "C" void __tsan_##name(void* address) {                             \
    note(address, bytes, simt::Access::access, __builtin_return_address(0)); \
  }
SIMT_ACCESS(read1, 1, kRead)
SIMT_ACCESS(read2, 2, kRead)
SIMT_ACCESS(read4, 4, kRead)
SIMT_ACCESS(read8, 8, kRead)
SIMT_ACCESS(read16, 16, kRead)
SIMT_ACCESS(unaligned_read2, 2, kRead)
SIMT_ACCESS(unaligned_read4, 4, kRead)
SIMT_ACCESS(unaligned_read8, 8, kRead)
SIMT_ACCESS(unaligned_read16, 16, kRead)
SIMT_ACCESS(write1, 1, kWrite)
SIMT_ACCESS(write2, 2, kWrite)
SIMT_ACCESS(write4, 4, kWrite)
SIMT_ACCESS(write8, 8, kWrite)
SIMT_ACCESS(write16, 16, kWrite)
SIMT_ACCESS(unaligned_write2, 2, kWrite)
SIMT_ACCESS(unaligned_write4, 4, kWrite)
SIMT_ACCESS(unaligned_write8, 8, kWrite)
SIMT_ACCESS(unaligned_write16, 16, kWrite)
#undef SIMT_ACCESS

extern "C" {
void __tsan_init();
void __tsan_func_entry(void* caller);
void __tsan_func_exit();
void __tsan_vptr_update(void** address, void* table);
void __tsan_read_range(void* address, std::size_t bytes);
void __tsan_write_range(void* address, std::size_t bytes);

// Whether a `static` variable of the host's code has been made.
unsigned char __tsan_atomic8_load(const volatile unsigned char* address, int order);

void __tsan_init() {}
unsigned char __tsan_atomic8_load(const volatile unsigned char* address, int) {
  return __atomic_load_n(address, __ATOMIC_ACQUIRE);
}
void __tsan_func_entry(void*) {}
void __tsan_func_exit() {}
void __tsan_vptr_update(void**, void*) {}
void __tsan_read_range(void* address, std::size_t bytes) {
  note(address, bytes, simt::Access::kRead, __builtin_return_address(0));
}
void __tsan_write_range(void* address, std::size_t bytes) {
  note(address, bytes, simt::Access::kWrite, __builtin_return_address(0));
}
}
