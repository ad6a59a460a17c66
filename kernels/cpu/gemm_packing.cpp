#include "kernels/cpu/gemm_packing.h"

#include "kernels/cpu/gemm_row_sum.h"
#include "kernels/cpu/gemm_tile.h"

namespace lathe::cpu::LATHE_ISA {

namespace {

constexpr int64_t kLineNumbers = 32;  // bfloat16s in a line of the cache

// Fetches one part of so many of those lines' elements into the L2 cache, one line after another:
// where the processor is asked along memory it goes on by itself. Always inline, as GCC drops calls
// of what does nothing else.
__attribute__((always_inline)) inline void fetch_part(const PanelSource& source, int64_t first,
                                                      int64_t lines, Range l, int64_t part,
                                                      int64_t parts) {
  const int64_t in_line = divide_up(l.size(), kLineNumbers), all = lines * in_line;
  const int64_t begin = all * part / parts, end = all * (part + 1) / parts;
  int64_t line = begin / in_line, at = begin % in_line;
  for (int64_t i = begin; i < end; ++i) {
    __builtin_prefetch(source.at<Bfloat16>(first + line, l.begin + at * kLineNumbers), 0, 2);
    if (++at == in_line) at = 0, ++line;
  }
}

}  // namespace

int64_t Operand::floats(int64_t count, int64_t k) const {
  return divide_up(count, tile_lines) * panel_floats(source.precision, tile_lines, k);
}

Packing::Packing(const Operand& operand, Range lines, Range l, float* panels, float* row_sum)
    : operand_(&operand),
      lines_(lines),
      l_(l),
      panels_(panels),
      row_sum_(row_sum),
      line_(l.size() > 0 ? lines.begin : lines.end) {}

void Packing::spread(int64_t steps) {
  parts_ = 0;
  for (int64_t line = lines_.begin; line < lines_.end; line += operand_->packed_lines)
    parts_ += packing_parts(operand_->source, minimum(operand_->packed_lines, lines_.end - line),
                            l_.size());
  steps_ = maximum(1, steps);
}

void Packing::do_part() {
  if (line_ >= lines_.end) return;
  const Operand& operand = *operand_;
  const int64_t lines = minimum(operand.packed_lines, lines_.end - line_);
  const int64_t parts = packing_parts(operand.source, lines, l_.size());
  if (line_ < operand.read_in_place) {
    fetch_part(operand.source, line_, lines, l_, part_, parts);
  } else {
    operand.pack_part(operand.source, line_, lines, l_.begin, l_.size(), panels_, part_);
  }
  if (row_sum_ != nullptr) {
    const PackedPart part = packed_part(operand.source, lines, l_.size(), part_);
    add_row_sums(operand.source, line_ + part.first_line, part.lines, l_.begin + part.first_l,
                 part.k, row_sum_ + (line_ + part.first_line - lines_.begin));
  }
  if (++part_ < parts) return;
  part_ = 0;
  line_ += lines;
  panels_ += operand.floats(operand.packed_lines, l_.size());
}

}  // namespace lathe::cpu::LATHE_ISA
