// The panels of gemm for matrix registers: 32 lines, 32 elements of each a step, every element in
// as many bfloat16 pieces as its precision asks for.
//
//   step    [pieces][2 halves of 16 lines] blocks
//   block   16 rows of 32 bfloat16s, what one matrix register holds
// In a block of a, row i holds the 32 elements of line i. In a block of b, row p holds for each of
// 16 lines its elements 2p and 2p + 1. Lines and elements beyond the operand are zero.
#pragma once

#include <cstddef>
#include <cstdint>

namespace lathe::cpu::LATHE_ISA {

constexpr int kPiecesOfFloat = 3, kPiecesOfBfloat16 = 1;
constexpr int kBlockLines = 16;
constexpr int kBlockRowBytes = 64;
constexpr int kBlockBytes = 16 * kBlockRowBytes;
constexpr int kPieceBytes = 2 * kBlockBytes;

constexpr int step_bytes(int pieces) { return pieces * kPieceBytes; }

}  // namespace lathe::cpu::LATHE_ISA
