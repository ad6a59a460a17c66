// The stretches of a text, found 64 bytes at a time.
//
// To the tokenizer's fast path a byte is space (ASCII whitespace that separates words), punctuation
// (ASCII, a stretch by itself) or part of a stretch: everything else, letters and digits as well as
// control characters and the bytes of characters beyond ASCII, of which it does not know what
// becomes of them.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

namespace lathe {

constexpr std::size_t kClassBlock = 64;                 // bytes
constexpr std::size_t kWindowBytes = 32 * kClassBlock;  // of a text that are looked at together
constexpr std::size_t kSpare = 16;                      // places that may be written unused

// Where stretches begin and end, in bytes of the text, in their order: the i-th end belongs to the
// i-th begin. One that has not ended yet has its begin alone.
struct Stretches {
  uint32_t begin[1 + kWindowBytes + kSpare], end[1 + kWindowBytes + kSpare];
  std::size_t begins, ends;
  uint64_t in_word, after_punctuation;  // 1 or 0: what the last byte was
  uint64_t beyond_ascii;                // not 0: there was a byte above 7F

  // For a new text.
  void start() { begins = ends = 0, in_word = after_punctuation = beyond_ascii = 0; }
};

// Puts behind what `found` holds the stretches of `blocks` blocks, the first byte of which has the
// number `first` in its text. Tab, line feed, carriage return and space are space; vertical tab and
// form feed only where `all_space` (cleaning drops them from within words).
using FindStretches = void (*)(const char* block, std::size_t blocks, uint32_t first,
                               bool all_space, Stretches& found);

// The fastest one that this processor runs.
FindStretches find_stretches();

struct NamedFindStretches {
  const char* name;  // of the instruction set
  FindStretches find;
};
// All that this processor runs, the slowest first.
std::vector<NamedFindStretches> available_find_stretches();

}  // namespace lathe
