// Finding the bytes of a text that its parser looks at, 64 at a time: a bit a byte says which they
// are, and the parser goes from one set bit to the next.
#pragma once

#include <algorithm>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <string_view>
#include <vector>

namespace lathe {

// `first`, `second` and every byte below `below` (0: none), without a sign.
struct MarkedBytes {
  char first, second;
  unsigned char below = 0;
};

// Bit i of marks[b] says whether byte 64 b + i of the text is one of the set; the text has 64
// `blocks` bytes.
using MarkBytes = void (*)(const char* text, std::size_t blocks, MarkedBytes set, uint64_t* marks);

// The fastest one that this processor runs.
MarkBytes mark_bytes();

struct NamedMarkBytes {
  const char* name;  // of the instruction set
  MarkBytes mark;
};
// All that this processor runs, the slowest first.
std::vector<NamedMarkBytes> available_mark_bytes();

// How often `byte` stands in the text.
int64_t count_bytes(std::string_view text, char byte);

// Goes through a text from one byte of a set to the next.
class ByteFinder {
 public:
  ByteFinder(std::string_view text, MarkedBytes set, MarkBytes mark = mark_bytes())
      : text_(text), set_(set), mark_(mark) {}

  // The first of the set at or behind `from`, a place in the text or its end; else its end. Cheap
  // where `from` mostly grows.
  const char* next(const char* from) {
    for (;;) {
      const auto offset = static_cast<std::size_t>(from - window_);  // huge when before it
      if (offset < size_) {
        std::size_t word = offset / 64;
        uint64_t marks = marks_[word] >> offset % 64;
        if (marks != 0) return from + std::countr_zero(marks);
        for (++word; word * 64 < size_; ++word) {
          if (marks_[word] != 0) return window_ + 64 * word + std::countr_zero(marks_[word]);
        }
        from = window_ + size_;
      }
      if (from == text_.data() + text_.size()) return from;
      look_from(from);
    }
  }

 private:
  static constexpr std::size_t kBlocks = 32;
  void look_from(const char* from);

  std::string_view text_;
  MarkedBytes set_;
  MarkBytes mark_;
  const char* window_ = nullptr;  // what marks_ speaks of: [window_, window_ + size_)
  std::size_t size_ = 0;
  uint64_t marks_[kBlocks];  // those behind the window are 0
};

}  // namespace lathe
