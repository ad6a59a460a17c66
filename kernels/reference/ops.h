// The reference backend: every op of kernels.h as its formula reads, in plain loops with double
// accumulators. One file per group of ops, under the name that kernels/cpu/ uses for it.
#pragma once

#include "kernels/kernels.h"

namespace lathe::reference {

void cast(const CastArgs&, Stream);
void gemm(const GemmArgs&, Stream);
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

}  // namespace lathe::reference
