// What this processor, and the operating system on it, can run.
#pragma once

namespace lathe {

// The features that -march=haswell and -march=skylake-avx512 use unasked: AVX2, FMA and BMI;
// AVX-512 F, CD, BW, DQ and VL.
bool processor_runs_avx2();
bool processor_runs_avx512();

// Those of AVX-512, its bfloat16 conversions and Intel's matrix registers (AMX). Asks the system
// for leave to use the registers, once, for every thread of the process; false where it is refused.
bool processor_runs_amx();

}  // namespace lathe
