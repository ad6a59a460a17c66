// Without matrix registers (kernels/cpu/amx/ has the others).
#include "kernels/cpu/attention_tiles.h"

namespace lathe::cpu::LATHE_ISA {

bool attention_forward_in_tiles(const AttentionForwardArgs& /*args*/) { return false; }

bool attention_backward_in_tiles(const AttentionBackwardArgs& /*args*/) { return false; }

}  // namespace lathe::cpu::LATHE_ISA
