// The GPU ladder's own steps towards the kernels of kernels/cuda/, each in one file of
// bench/ladder/cuda/. As the files there they are compiled by nvcc for the GPU, and by g++ for the
// emulator of tests/simt/.
//
// A step is an op of kernels.h without the frills:
//   gemm       c = a b: no transposition, no epilogue, nothing added to c; all floats, or from step
//              6 on all bfloat16s
//   attention  no dropout, no logsumexp; floats, or from step 5 on bfloat16s; heads of up to 128
//              columns
// Other arguments are ignored. bench/ladder/gpu/steps.h is what the host's code sees of them.
#pragma once

#include "bench/ladder/gpu/steps.h"
#include "kernels/cuda/device.h"

namespace lathe::LATHE_CUDA {

void gemm_1_plain(const GemmArgs& args, Stream stream);
void gemm_2_coalesced(const GemmArgs& args, Stream stream);
void gemm_3_shared(const GemmArgs& args, Stream stream);
void gemm_4_registers(const GemmArgs& args, Stream stream);
void gemm_5_vectors(const GemmArgs& args, Stream stream);
void gemm_6_tensor(const GemmArgs& args, Stream stream);
void gemm_7_mma(const GemmArgs& args, Stream stream);

void attention_1_plain(const AttentionForwardArgs& args, Stream stream);
void attention_2_online(const AttentionForwardArgs& args, Stream stream);
void attention_3_tiles(const AttentionForwardArgs& args, Stream stream);
void attention_5_tensor(const AttentionForwardArgs& args, Stream stream);

void multiply_floats(int64_t blocks, int steps, float* out, Stream stream);
void multiply_bfloat16s(int64_t blocks, int steps, float* out, Stream stream);
void multiply_by_warpgroups(int64_t blocks, int steps, float* out, Stream stream);

}  // namespace lathe::LATHE_CUDA
