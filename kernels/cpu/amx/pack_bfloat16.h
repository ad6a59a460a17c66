// Packing for matrix registers of what is bfloat16s already (panel.h).
#pragma once

#include "kernels/cpu/gemm_pack.h"

namespace lathe::cpu::LATHE_ISA {

// Packs one part of `lines` lines from `first` on into the step of a panel, of a or of b, that its
// elements belong to. A part is 16 lines where they lie along memory and 32 where they lie across:
// 64 bytes of each row of memory.
void pack_bfloat16s(const PanelSource& source, bool of_a, int64_t first, int64_t first_l,
                    const PackedPart& part, char* step);

}  // namespace lathe::cpu::LATHE_ISA
