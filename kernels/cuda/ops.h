// The CUDA backend: every op of kernels.h, one file per group of ops under the name that
// kernels/reference/ uses for it. docs/cuda.md tells how each kernel works.
//
// No op uses floating-point atomics or waits for the device; each gives the same bits on every run.
#pragma once

#include "kernels/cuda/device.h"
#include "kernels/device.h"

namespace lathe::LATHE_CUDA {

const Kernels& kernels(Gemm gemm = Gemm::kCublas);

void cast(const CastArgs&, Stream);
void gemm(const GemmArgs&, Stream);         // our own
void gemm_cublas(const GemmArgs&, Stream);  // cublasLt's, ours where it has none
void tanh_backward(const TanhBackwardArgs&, Stream);
void dropout(const DropoutArgs&, Stream);
void embedding_forward(const EmbeddingForwardArgs&, Stream);
void embedding_backward(const EmbeddingBackwardArgs&, Stream);
void add_norm_forward(const AddNormForwardArgs&, Stream);
void add_norm_backward(const AddNormBackwardArgs&, Stream);
void attention_forward(const AttentionForwardArgs&, Stream);
void attention_backward(const AttentionBackwardArgs&, Stream);
void gather_rows(const GatherRowsArgs&, Stream);
void scatter_add_rows(const ScatterAddRowsArgs&, Stream);
void zero(const ZeroArgs&, Stream);
void cross_entropy(const CrossEntropyArgs&, Stream);
void binary_cross_entropy(const BinaryCrossEntropyArgs&, Stream);
void squared_error(const SquaredErrorArgs&, Stream);
void sum(const SumArgs&, Stream);
void squared_norm(const SquaredNormArgs&, Stream);
void adamw(const AdamWArgs&, Stream);

}  // namespace lathe::LATHE_CUDA
