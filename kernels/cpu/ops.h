// The CPU backend of one instruction set. One file per group of ops, under the name that
// kernels/reference/ uses for it; gemm has files of its own.
#pragma once

#include "kernels/kernels.h"

namespace lathe::cpu::LATHE_ISA {

void cast(const CastArgs&, Stream);
void gemm(const GemmArgs&, Stream);  // gemm.cpp
void tanh_backward(const TanhBackwardArgs&, Stream);
void dropout(const DropoutArgs&, Stream);
void embedding_forward(const EmbeddingForwardArgs&, Stream);
void embedding_backward(const EmbeddingBackwardArgs&, Stream);
void add_norm_forward(const AddNormForwardArgs&, Stream);
void add_norm_backward(const AddNormBackwardArgs&, Stream);
void attention_forward(const AttentionForwardArgs&, Stream);
void attention_backward(const AttentionBackwardArgs&, Stream);
void attention_pool_forward(const AttentionPoolForwardArgs&, Stream);
void attention_pool_backward(const AttentionPoolBackwardArgs&, Stream);
void gather_rows(const GatherRowsArgs&, Stream);
void scatter_add_rows(const ScatterAddRowsArgs&, Stream);
void zero(const ZeroArgs&, Stream);
void cross_entropy(const CrossEntropyArgs&, Stream);
void binary_cross_entropy(const BinaryCrossEntropyArgs&, Stream);
void squared_error(const SquaredErrorArgs&, Stream);
void sum(const SumArgs&, Stream);
void squared_norm(const SquaredNormArgs&, Stream);
void adamw(const AdamWArgs&, Stream);

}  // namespace lathe::cpu::LATHE_ISA
