#include "kernels/cpu/layer_norm.h"

#include "kernels/scratch.h"

namespace lathe::cpu::LATHE_ISA {

namespace {

thread_local Scratch sums_scratch, row_scratch;

constexpr int64_t kMinRowsPerChunk = 16, kMaxChunks = 64;

float row_mean(const float* x, int64_t hidden) {
  Vec total{};
  for (int64_t j = 0; j < hidden; j += kWidth) total += load(x + j, hidden - j);
  return sum_lanes(total) / static_cast<float>(hidden);
}

// In a second pass over the row, which is in the cache: E[x²] - mean² would cancel.
float row_variance(const float* x, float mean, int64_t hidden) {
  Vec squares{};
  for (int64_t j = 0; j < hidden; j += kWidth) {
    const int64_t lanes = hidden - j;
    const IntVec inside = lane_numbers() < static_cast<int32_t>(minimum(lanes, kWidth));
    const Vec difference = inside ? load(x + j, lanes) - mean : Vec{};
    squares += difference * difference;
  }
  return sum_lanes(squares) / static_cast<float>(hidden);
}

void add_sums(const float* sums, int64_t chunks, int64_t stride, int64_t count, float* total) {
  for (int64_t j = 0; j < count; j += kWidth) {
    const int64_t lanes = count - j;
    Vec sum{};
    for (int64_t chunk = 0; chunk < chunks; ++chunk) sum += load(sums + chunk * stride + j, lanes);
    store(total + j, load(total + j, lanes) + sum, lanes);
  }
}

}  // namespace

template <class Number>
RowStatistics layer_norm_row(const float* sum, const float* gamma, const float* beta,
                             int64_t hidden, float eps, Number* y) {
  const float mean = row_mean(sum, hidden);
  const float rstd = 1.0f / __builtin_sqrtf(row_variance(sum, mean, hidden) + eps);
  for (int64_t j = 0; j < hidden; j += kWidth) {
    const int64_t lanes = hidden - j;
    const Vec normalised = (load(sum + j, lanes) - mean) * rstd;
    store(y + j, normalised * load(gamma + j, lanes) + load(beta + j, lanes), lanes);
  }
  return {mean, rstd};
}

template <class Saved, class Number>
void layer_norm_backward_row(const Saved* sum, RowStatistics statistics, const float* gamma,
                             const Number* dy, int64_t hidden, Number* dsum, float* dgamma,
                             float* dbeta) {
  const float mean = statistics.mean, rstd = statistics.rstd;
  Vec total_g{}, total_gx{};
  for (int64_t j = 0; j < hidden; j += kWidth) {
    const int64_t lanes = hidden - j;
    const Vec gradient = load(dy + j, lanes);  // zero beyond the row, and so are all its products
    const Vec normalised = (load(sum + j, lanes) - mean) * rstd;
    const Vec g = gradient * load(gamma + j, lanes);
    total_g += g;
    total_gx += g * normalised;
    store(dgamma + j, load(dgamma + j, lanes) + gradient * normalised, lanes);
    store(dbeta + j, load(dbeta + j, lanes) + gradient, lanes);
  }
  const float mean_g = sum_lanes(total_g) / static_cast<float>(hidden);
  const float mean_gx = sum_lanes(total_gx) / static_cast<float>(hidden);
  for (int64_t j = 0; j < hidden; j += kWidth) {
    const int64_t lanes = hidden - j;
    const Vec normalised = (load(sum + j, lanes) - mean) * rstd;
    const Vec g = load(dy + j, lanes) * load(gamma + j, lanes);
    store(dsum + j, rstd * (g - mean_g - normalised * mean_gx), lanes);
  }
}

template RowStatistics layer_norm_row(const float*, const float*, const float*, int64_t, float,
                                      float*);
template RowStatistics layer_norm_row(const float*, const float*, const float*, int64_t, float,
                                      Bfloat16*);
template void layer_norm_backward_row(const float*, RowStatistics, const float*, const float*,
                                      int64_t, float*, float*, float*);
template void layer_norm_backward_row(const Bfloat16*, RowStatistics, const float*, const float*,
                                      int64_t, float*, float*, float*);
template void layer_norm_backward_row(const Bfloat16*, RowStatistics, const float*, const Bfloat16*,
                                      int64_t, Bfloat16*, float*, float*);

float* row_of_floats(int64_t hidden) { return row_scratch.floats(hidden); }

GammaBetaSums::GammaBetaSums(int64_t rows, int64_t hidden)
    : rows_(rows),
      hidden_(hidden),
      rows_per_chunk_(maximum(kMinRowsPerChunk, (rows + kMaxChunks - 1) / kMaxChunks)),
      chunks_(divide_up(rows, rows_per_chunk_)),
      sums_(sums_scratch.floats(chunks_ * 2 * hidden)) {}

void GammaBetaSums::clear(int64_t chunk) const {
  __builtin_memset(dgamma(chunk), 0, static_cast<uint64_t>(2 * hidden_) * sizeof(float));
}

void GammaBetaSums::add_to(float* dgamma, float* dbeta) const {
  add_sums(sums_, chunks_, 2 * hidden_, hidden_, dgamma);
  add_sums(sums_ + hidden_, chunks_, 2 * hidden_, hidden_, dbeta);
}

}  // namespace lathe::cpu::LATHE_ISA
