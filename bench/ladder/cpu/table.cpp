#include "bench/ladder/cpu/steps.h"

namespace lathe::cpu::LATHE_ISA {

const LadderSteps& ladder_steps() {
  static constexpr LadderSteps kSteps = {
      .gemm = {gemm_1_plain, gemm_2_order, gemm_3_blocks, gemm_4_registers, gemm_5_panels},
      .attention = {attention_1_plain, attention_2_order, attention_3_exp, attention_4_registers,
                    attention_5_cache},
  };
  return kSteps;
}

}  // namespace lathe::cpu::LATHE_ISA
