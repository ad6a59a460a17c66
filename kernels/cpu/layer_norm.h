// Layer normalisation of rows, which embedding and add_norm share. The formulas are at
// AddNormForwardArgs and AddNormBackwardArgs of kernels.h.
#pragma once

#include "kernels/cpu/numbers.h"

namespace lathe::cpu::LATHE_ISA {

struct RowStatistics {
  float mean, rstd;
};

// y = LayerNorm(sum) of one row. y may be sum. Number is float or Bfloat16.
template <class Number>
RowStatistics layer_norm_row(const float* sum, const float* gamma, const float* beta,
                             int64_t hidden, float eps, Number* y);

// From dy to dsum of one row; adds to dgamma and dbeta. dsum may be dy.
template <class Saved, class Number>
void layer_norm_backward_row(const Saved* sum, RowStatistics statistics, const float* gamma,
                             const Number* dy, int64_t hidden, Number* dsum, float* dgamma,
                             float* dbeta);

// A row of floats in memory of the calling thread, until it asks for another.
float* row_of_floats(int64_t hidden);

// Where the sum of a row is made: where it is kept, or else where y will stand, if these are
// floats.
template <class Number>
static inline float* place_of_sum(Number* saved, Number* y, int64_t hidden) {
  if constexpr (kIsFloat<Number>) return saved != nullptr ? saved : y;
  return row_of_floats(hidden);
}

// The sums over rows for dgamma and dbeta. Rows are cut into chunks whose number follows from the
// shape alone, each chunk is summed by one thread, and the chunks are added in their order: the
// same bits on any number of threads.
class GammaBetaSums {
 public:
  // The memory belongs to the calling thread; make one, outside of the parallel region.
  GammaBetaSums(int64_t rows, int64_t hidden);

  int64_t chunks() const { return chunks_; }
  int64_t first_row(int64_t chunk) const { return minimum(chunk * rows_per_chunk_, rows_); }
  float* dgamma(int64_t chunk) const { return sums_ + chunk * 2 * hidden_; }
  float* dbeta(int64_t chunk) const { return dgamma(chunk) + hidden_; }
  void clear(int64_t chunk) const;
  // After the last chunk: dgamma += and dbeta +=.
  void add_to(float* dgamma, float* dbeta) const;

 private:
  int64_t rows_, hidden_, rows_per_chunk_, chunks_;
  float* sums_;  // [chunks, 2, hidden]
};

}  // namespace lathe::cpu::LATHE_ISA
