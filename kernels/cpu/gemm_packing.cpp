#include "kernels/cpu/gemm_packing.h"

#include "kernels/cpu/gemm_row_sum.h"
#include "kernels/cpu/gemm_tile.h"

namespace lathe::cpu::LATHE_ISA {

namespace {

// Fetches a cache line of each of the part's rows into the L2 cache. Always inline, as GCC drops
// calls of what does nothing else.
__attribute__((always_inline)) inline void fetch_part(const PanelSource& source,
                                                      const PackedPart& part, int64_t first_line,
                                                      int64_t first_l) {
  const auto* row = source.at<Bfloat16>(first_line + part.first_line, first_l + part.first_l);
  for (int64_t i = 0; i < part.lines; ++i, row += source.ld) __builtin_prefetch(row, 0, 2);
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
  if (line_ < operand.read_in_place) {
    fetch_part(operand.source, packed_part(operand.source, lines, l_.size(), part_), line_,
               l_.begin);
  } else {
    operand.pack_part(operand.source, line_, lines, l_.begin, l_.size(), panels_, part_);
  }
  if (row_sum_ != nullptr) {
    const PackedPart part = packed_part(operand.source, lines, l_.size(), part_);
    add_row_sums(operand.source, line_ + part.first_line, part.lines, l_.begin + part.first_l,
                 part.k, row_sum_ + (line_ + part.first_line - lines_.begin));
  }
  if (++part_ < packing_parts(operand.source, lines, l_.size())) return;
  part_ = 0;
  line_ += lines;
  panels_ += operand.floats(operand.packed_lines, l_.size());
}

}  // namespace lathe::cpu::LATHE_ISA
