// The packing of an operand of gemm in parts, which can be done between the steps of a product of
// panels that are there.
#pragma once

#include "kernels/cpu/gemm_pack.h"
#include "kernels/cpu/vector.h"

namespace lathe::cpu::LATHE_ISA {

struct Range {
  int64_t begin, end;
  int64_t size() const { return end - begin; }
};

// An operand on its way into panels.
struct Operand {
  PanelSource source;
  int64_t lines;
  int tile_lines;    // in a panel
  int packed_lines;  // at a time
  PackPart* pack_part;
  int64_t read_in_place;  // the first so many lines: they need no panels, and are fetched instead

  // Floats of memory for the panels of so many lines, k elements of each.
  int64_t floats(int64_t count, int64_t k) const;
};

// What is left to do of the packing of some lines. The operand and the memory are the caller's, for
// as long as it lives.
class Packing {
 public:
  Packing() = default;  // of nothing

  // Packs the lines, the elements `l` of each. Adds the sums of what it packs to row_sum, which
  // begins with the first line, if there is one: nowhere else are the elements as near.
  Packing(const Operand& operand, Range lines, Range l, float* panels, float* row_sum = nullptr);

  // Makes so many calls of step() do all of it.
  void spread(int64_t steps);
  void step() {
    for (due_ += parts_; due_ >= steps_; due_ -= steps_) do_part();
  }

  // Does what is left, or what is left of the lines before `end`.
  void finish() { finish(lines_.end); }
  void finish(int64_t end) {
    while (line_ < minimum(end, lines_.end)) do_part();
  }
  bool done() const { return line_ >= lines_.end; }

 private:
  void do_part();

  const Operand* operand_ = nullptr;
  Range lines_ = {}, l_ = {};
  float *panels_ = nullptr, *row_sum_ = nullptr;
  int64_t line_ = 0, part_ = 0;  // what comes next
  int64_t parts_ = 0, steps_ = 1, due_ = 0;
};

}  // namespace lathe::cpu::LATHE_ISA
