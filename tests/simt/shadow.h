// Who last wrote and who last read each piece of memory, to find accesses that no barrier orders.
//
// Time is a counter that every barrier moves on. An access is ordered after an earlier one of
// another thread when, between the two, the launch began, the whole block met at __syncthreads, or
// the two threads' warp met at __syncwarp. Shuffles and votes order nothing, as in CUDA. Blocks of
// a cluster meet too; that orders what the threads of each have done, as far as is known here.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <unordered_map>
#include <vector>

namespace simt {

enum class Access { kRead, kWrite };

struct Range {
  const void *begin, *end;
  bool holds(uintptr_t address) const {
    return address >= reinterpret_cast<uintptr_t>(begin) &&
           address < reinterpret_cast<uintptr_t>(end);
  }
};

class Shadow {
 public:
  // Of each block's `room` for shared memory it may use the first `dynamic_bytes`.
  void start_launch(const void* rooms, std::size_t room, std::size_t dynamic_bytes);
  // The blocks of a cluster run at the same time; threads and warps are counted through.
  void start_cluster(unsigned blocks);
  void set_thread(unsigned thread, unsigned block) {
    thread_ = static_cast<uint16_t>(thread);
    block_ = first_block_ + block;
    block_sync_ = &syncs_[block];
    dynamic_ = {rooms_ + block * room_, rooms_ + (block + 1) * room_};
  }
  void sync_block() { *block_sync_ = time_++; }  // the running thread's
  void sync_cluster();
  void sync_warp(unsigned warp) { warp_sync_[warp] = time_++; }
  // To the shared memory of a block of the cluster, by no thread: for all of that block to read.
  void copied(uintptr_t address, std::size_t bytes);

  // Notes what the running thread does. False when it may not; complaint() then says why.
  bool touch(uintptr_t address, std::size_t bytes, Access access);
  const std::string& complaint() const { return complaint_; }

 private:
  // Of 4 bytes. Pieces of 1 or 2 bytes have cells of their own, because neighbouring threads may
  // write neighbouring pieces; an access is so compared with others of its size.
  struct Cell {
    uint32_t write_time = 0, write_block = 0;
    uint32_t read_time = 0, read_block = 0;
    uint16_t writer = 0, reader = 0;
    uint16_t reader_warp = 0;
  };
  static constexpr uint16_t kSeveral = 0xffff;  // readers, or their warps
  static constexpr unsigned kPageBits = 11;     // cells in a page
  using Page = std::vector<Cell>;

  Cell& cell(uintptr_t index);
  bool ordered(uint32_t time, uint32_t block, uint16_t thread, uint16_t warp, bool shared) const;
  bool touch_cell(Cell& cell, Access access, bool shared);
  bool read(Cell& cell, bool shared);
  bool write(Cell& cell, bool shared);
  bool complain(const char* what, uint16_t thread, uint32_t block);

  std::unordered_map<uintptr_t, std::unique_ptr<Page>> pages_;
  struct Recent {
    uintptr_t number = ~uintptr_t{0};
    Cell* cells = nullptr;
  } recent_[64];  // by the low bits of the page's number

  const char* rooms_ = nullptr;
  Range dynamic_{}, static_{};
  std::size_t room_ = 0, dynamic_bytes_ = 0;
  uint32_t time_ = 1, launch_start_ = 0, cluster_start_ = 0;
  uint32_t block_ = 0, first_block_ = 0, blocks_ = 0;
  uint32_t syncs_[8] = {}, *block_sync_ = syncs_;  // of the cluster's blocks, the running one's
  uint32_t warp_sync_[32] = {};
  uint16_t thread_ = 0;
  std::string complaint_;
};

// The stacks of a block's threads. Nearly all accesses of a kernel are to them, and are nobody's
// business; no thread runs while `bytes` is 0.
struct Stacks {
  uintptr_t begin = 0;
  std::size_t bytes = 0;
};
// Of each thread of the host: while one runs a kernel, another's code is not that kernel's.
extern constinit thread_local Stacks stacks;

// Called for every other access of code that the compiler instruments, from `code`.
void touch(const void* address, std::size_t bytes, Access access, const void* code);

}  // namespace simt
