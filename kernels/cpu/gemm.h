// Matrix multiplication for one instruction set, of floats or bfloat16s with sums in floats (the
// contract is GemmArgs in kernels/kernels.h).
//
// The scheme is that of Goto & van de Geijn, "Anatomy of High-Performance Matrix Multiplication"
// (2008), in the form of Van Zee & van de Geijn, "BLIS" (2015):
// gemm.cpp cuts the product into blocks that fit the caches and deals them out to threads;
// gemm_pack copies a block of an operand into panels, the order in which the tile reads them;
// gemm_tile multiplies two panels, the sums held in registers: nearly all the time is spent there;
// gemm_row_sum adds up the rows of op(a), the gradient of a bias;
// gemm_epilogue is what is done to a tile of c while it is still in the cache.
//
// Every element of c is summed over k in the same order (in blocks of a length that depends on k
// and on the operands' types and transpositions, each from its first to its last product), whatever
// the tile, the thread or the number of rows beside it: the result depends neither on the number of
// threads nor on how the rows are batched.
#pragma once

#include "kernels/kernels.h"

namespace lathe::cpu::LATHE_ISA {

void gemm(const GemmArgs& args, Stream stream);

}  // namespace lathe::cpu::LATHE_ISA
