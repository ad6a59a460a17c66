// Attention on matrix registers, where the instruction set has them and the numbers are theirs.
#pragma once

#include "kernels/kernels.h"

namespace lathe::cpu::LATHE_ISA {

// Whether it did it; else it is the vectors' to do (attention.cpp).
bool attention_forward_in_tiles(const AttentionForwardArgs& args);
bool attention_backward_in_tiles(const AttentionBackwardArgs& args);

}  // namespace lathe::cpu::LATHE_ISA
