#include "kernels/cpu/gemm_row_sum.h"

namespace lathe::cpu::LATHE_ISA {
namespace {

// Four sums a row hide the latency of an addition; that they are four is part of the result's
// definition.
constexpr int kChains = 4;

template <class Number>
void add_rows_across(const Number* source, int64_t ld, int64_t lanes, int64_t k, float* row_sum) {
  Vec sum[kChains] = {};
  int64_t l = 0;
  for (; l + kChains <= k; l += kChains) {
    for (int chain = 0; chain < kChains; ++chain)
      sum[chain] += load(source + (l + chain) * ld, lanes);
  }
  for (; l < k; ++l) sum[0] += load(source + l * ld, lanes);
  const Vec total = (sum[0] + sum[1]) + (sum[2] + sum[3]);
  store(row_sum, load(row_sum, lanes) + total, lanes);
}

template <class Number>
void add_row_along(const Number* source, int64_t k, float* row_sum) {
  float sum[kChains] = {};
  int64_t l = 0;
  for (; l + kChains <= k; l += kChains) {
    for (int chain = 0; chain < kChains; ++chain) sum[chain] += value_of(source[l + chain]);
  }
  for (; l < k; ++l) sum[0] += value_of(source[l]);
  *row_sum += (sum[0] + sum[1]) + (sum[2] + sum[3]);
}

template <class Number>
void add_row_sums_of(const PanelSource& a, int64_t first, int64_t rows, int64_t first_l, int64_t k,
                     float* row_sum) {
  const Number* source = a.at<Number>(first, first_l);
  if (a.lines_contiguous) {
    for (int64_t i = 0; i < rows; ++i) add_row_along(source + i * a.ld, k, row_sum + i);
  } else {
    for (int64_t i = 0; i < rows; i += kWidth)
      add_rows_across(source + i, a.ld, minimum(kWidth, rows - i), k, row_sum + i);
  }
}

}  // namespace

void add_row_sums(const PanelSource& a, int64_t first, int64_t rows, int64_t first_l, int64_t k,
                  float* row_sum) {
  with_number(a.data.precision, [&](auto number) {
    add_row_sums_of<decltype(number)>(a, first, rows, first_l, k, row_sum);
  });
}

}  // namespace lathe::cpu::LATHE_ISA
