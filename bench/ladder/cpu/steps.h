// The steps for one instruction set (bench/ladder/steps.h says what is asked of them).
#pragma once

#include "bench/ladder/steps.h"

namespace lathe::cpu::LATHE_ISA {

void gemm_1_plain(const GemmArgs& args, Stream stream);
void gemm_2_order(const GemmArgs& args, Stream stream);
void gemm_3_blocks(const GemmArgs& args, Stream stream);
void gemm_4_registers(const GemmArgs& args, Stream stream);
void gemm_5_panels(const GemmArgs& args, Stream stream);

void attention_1_plain(const AttentionForwardArgs& args, Stream stream);
void attention_2_order(const AttentionForwardArgs& args, Stream stream);
void attention_3_exp(const AttentionForwardArgs& args, Stream stream);
void attention_4_registers(const AttentionForwardArgs& args, Stream stream);
void attention_5_cache(const AttentionForwardArgs& args, Stream stream);

const LadderSteps& ladder_steps();

}  // namespace lathe::cpu::LATHE_ISA
