#include "data/scan.h"

#include <cstring>

#include "kernels/processor.h"

namespace lathe {

// One function per instruction set, each from its own build of data/cpu/mark_bytes.cpp.
namespace cpu {
namespace baseline {
void mark_bytes(const char*, std::size_t, MarkedBytes, uint64_t*);
}
namespace avx2 {
void mark_bytes(const char*, std::size_t, MarkedBytes, uint64_t*);
}
namespace avx512 {
void mark_bytes(const char*, std::size_t, MarkedBytes, uint64_t*);
}
}  // namespace cpu

std::vector<NamedMarkBytes> available_mark_bytes() {
  std::vector<NamedMarkBytes> found{{"baseline", cpu::baseline::mark_bytes}};
  if (processor_runs_avx2()) found.push_back({"avx2", cpu::avx2::mark_bytes});
  if (processor_runs_avx512()) found.push_back({"avx512", cpu::avx512::mark_bytes});
  return found;
}

MarkBytes mark_bytes() {
  static const MarkBytes fastest = available_mark_bytes().back().mark;
  return fastest;
}

int64_t count_bytes(std::string_view text, char byte) {
  constexpr std::size_t kBlocks = 64;
  uint64_t marks[kBlocks];
  int64_t count = 0;
  std::size_t blocks = text.size() / 64;
  const char* at = text.data();
  const MarkBytes mark = mark_bytes();
  while (blocks > 0) {
    const std::size_t some = std::min(blocks, kBlocks);
    mark(at, some, {byte, byte}, marks);
    for (std::size_t i = 0; i < some; ++i) count += std::popcount(marks[i]);
    at += 64 * some;
    blocks -= some;
  }
  return count + std::count(at, text.data() + text.size(), byte);
}

void ByteFinder::look_from(const char* from) {
  const auto left = static_cast<std::size_t>(text_.data() + text_.size() - from);
  const std::size_t blocks = std::min(left / 64, kBlocks);
  window_ = from;
  size_ = 64 * blocks;
  mark_(from, blocks, set_, marks_);
  if (blocks == kBlocks || left == size_) return;
  char last[64] = {};  // the text ends within a block, and nothing may be read behind it
  const std::size_t rest = left - size_;
  std::memcpy(last, from + size_, rest);
  mark_(last, 1, set_, marks_ + blocks);
  marks_[blocks] &= (uint64_t{1} << rest) - 1;
  size_ = left;
}

}  // namespace lathe
