// What this processor, and the operating system on it, can run.
#pragma once

namespace lathe {

// The features that -march=haswell and -march=skylake-avx512 use unasked: AVX2, FMA and BMI;
// AVX-512 F, CD, BW, DQ and VL.
bool processor_runs_avx2();
bool processor_runs_avx512();

// Those of AVX-512, and its products of bfloat16s.
bool processor_runs_avx512_bf16();

// Whether a product of bfloat16s takes less time than the two of floats that it replaces. AMD's
// Zen 4 and 5 start as many of either in a cycle; Intel's Emerald Rapids starts four of floats in
// the time of one of bfloat16s (it has matrix registers for them, which a hypervisor may hide).
bool multiplies_bfloat16s_faster();

// Those of AVX-512, its bfloat16 conversions and Intel's matrix registers (AMX). Asks the system
// for leave to use the registers, once, for every thread of the process; false where it is refused.
bool processor_runs_amx();

}  // namespace lathe
