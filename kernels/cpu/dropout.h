// Dropout's factors, drawn a row at a time.
#pragma once

#include "kernels/cpu/vector.h"
#include "kernels/kernels.h"
#include "kernels/philox.h"

namespace lathe::cpu::LATHE_ISA {

// Columns are drawn in blocks of 64 (see Dropout in kernels.h): a row of factors has room for whole
// blocks.
constexpr int64_t kDropoutBlock = 64;

// The factors (0 or 1 / (1 - probability)) of one row after another. Each thread makes its own, one
// at a time: the memory belongs to the thread.
class DropoutRow {
 public:
  DropoutRow(const Dropout& dropout, int64_t max_columns);

  // [columns], readable up to the next multiple of 64; the pointer stays, its content is the last
  // row's. All ones when nothing is dropped.
  const float* factors(int64_t row, int64_t columns) {
    if (dropout_.probability > 0.0f) draw(row, columns);
    return factors_;
  }

 private:
  void draw(int64_t row, int64_t columns);

  Dropout dropout_;  // its step is the current one
  // The key of every round, in memory: an operand of the instruction that uses it, where a register
  // would have to be broadcast first.
  uint64_t keys_[2 * kPhiloxRounds];
  float* factors_;
};

}  // namespace lathe::cpu::LATHE_ISA
