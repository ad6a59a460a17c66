// Layer normalisation of a row by a warp, which embedding and add_norm share, and its gradient.
#pragma once

#include <type_traits>

#include "kernels/cuda/dropout.h"
#include "kernels/cuda/numbers.h"
#include "kernels/cuda/reduce.h"

namespace lathe::LATHE_CUDA {

constexpr int kRowThreads = 256;
constexpr int kRowWarps = kRowThreads / kWarp;  // rows that a block works on at a time

// Neighbours that a lane holds where numbers are of type T: 4 bytes of them. Each of them begins a
// quad of dropout's, so that a lane holds the columns c … c + kGroup - 1 and those 16, 32 and 48
// further, and draws kGroup times for all of them.
template <class T>
constexpr int kGroup = 4 / static_cast<int>(sizeof(T));
template <class T>
constexpr int kStepColumns = kQuadsColumns* kGroup<T>;  // that a warp covers in a step

template <class T>
using Group = float[kGroup<T>];
template <class T>
using Factors = float[kGroup<T>][kQuad];

// What is known of rows when a kernel is compiled, so that no branch stands between their loads.
enum class Rows {
  kScalars,  // anything
  kVectors,  // groups are whole and aligned
  kFull,     // and there are as many columns as the kernel's steps cover
};
template <Rows kRows>
constexpr bool kInVectors = kRows != Rows::kScalars;

// Calls each(step, w, column) for the lane's groups of a row, `column` being a group's first. With
// kSteps > 0 the row has at most kSteps * kStepColumns columns and the loop is unrolled, so that
// (step, w) may index registers.
template <class T, int kSteps, Rows kRows, class Each>
__device__ inline void for_each_group(int hidden, const Each& each) {
  constexpr int kAcross = kQuadStride / kGroup<T>;  // lanes of 64 columns
  const int lane = static_cast<int>(threadIdx.x) % kWarp;
  const int first = lane / kAcross * 64 + lane % kAcross * kGroup<T>;
  const int steps = kSteps > 0 ? kSteps : (hidden + kStepColumns<T> - 1) / kStepColumns<T>;
  LATHE_UNROLL
  for (int step = 0; step < steps; ++step) {
    LATHE_UNROLL
    for (int w = 0; w < kQuad; ++w) {
      const int column = step * kStepColumns<T> + first + w * kQuadStride;
      if (kRows == Rows::kFull || column < hidden) each(step, w, column);
    }
  }
}

// Dropout's factors of the lane's four groups of a step: [u][w] is that of number u of group w.
template <class T>
__device__ inline void draw_step(const Draw& draw, int step, int64_t row, Factors<T>& factors) {
  LATHE_UNROLL
  for (int u = 0; u < kGroup<T>; ++u) {
    const uint32_t counter =
        (static_cast<uint32_t>(step) * kWarp + threadIdx.x % kWarp) * kGroup<T> + u;
    draw_quad(draw, counter, static_cast<uint32_t>(row), factors[u]);
  }
}
template <class T>
__device__ inline void keep_all(Factors<T>& factors) {
  LATHE_UNROLL
  for (int u = 0; u < kGroup<T>; ++u) {
    LATHE_UNROLL
    for (int w = 0; w < kQuad; ++w) factors[u][w] = 1.0f;
  }
}

// A row in memory.
template <class T, Rows kRows>
struct MemoryRow {
  T* data;
  int hidden;

  __device__ void load(int column, Group<std::remove_const_t<T>>& x) const {
    load_group(data + column, hidden - column, kInVectors<kRows>, x);
  }
  __device__ void store(int column, const Group<T>& x) const {
    store_group(data + column, hidden - column, kInVectors<kRows>, x);
  }
};

// A lane's groups of a row: in registers, or, with kSteps = 0, left in memory, where only this lane
// reads and writes them.
template <class T, int kSteps, Rows kRows>
class Row {
 public:
  __device__ explicit Row(const MemoryRow<T, kRows>&) {}
  __device__ void set(int step, int w, int, const Group<T>& x) {
    LATHE_UNROLL
    for (int u = 0; u < kGroup<T>; ++u) values_[step][w][u] = x[u];
  }
  __device__ void get(int step, int w, int, Group<T>& x) const {
    LATHE_UNROLL
    for (int u = 0; u < kGroup<T>; ++u) x[u] = values_[step][w][u];
  }

 private:
  float values_[kSteps][kQuad][kGroup<T>] = {};
};

template <class T, Rows kRows>
class Row<T, 0, kRows> {
 public:
  __device__ explicit Row(const MemoryRow<T, kRows>& memory) : memory_(memory) {}
  __device__ void set(int, int, int column, const Group<T>& x) { memory_.store(column, x); }
  __device__ void get(int, int, int column, Group<T>& x) const { memory_.load(column, x); }

 private:
  MemoryRow<T, kRows> memory_;
};

__device__ inline uint32_t word_of(const float (&x)[1]) { return __float_as_uint(x[0]); }
__device__ inline uint32_t word_of(const float (&x)[2]) { return to_bf16_pair(x[0], x[1]); }

// A lane's groups of a row that memory has, all asked for before the first is looked at, and held
// as they come: bfloat16s in half the registers. With kSteps = 0 they are read when they are used.
template <class T, int kSteps, Rows kRows>
class LoadedRow {
 public:
  __device__ explicit LoadedRow(const MemoryRow<const T, kRows>& memory) : memory_(memory) {
    if constexpr (kSteps > 0) {
      for_each_group<T, kSteps, kRows>(memory.hidden, [&](int step, int w, int j) {
        if (kInVectors<kRows>) {
          words_[step][w] = *reinterpret_cast<const uint32_t*>(memory.data + j);
        } else {
          Group<T> x;
          memory.load(j, x);
          words_[step][w] = word_of(x);
        }
      });
    }
  }
  __device__ void get(int step, int w, int column, Group<T>& x) const {
    if constexpr (kSteps == 0) {
      memory_.load(column, x);
    } else if constexpr (kGroup<T> == 1) {
      x[0] = __uint_as_float(words_[step][w]);
    } else {
      x[0] = low_of_pair(words_[step][w]), x[1] = high_of_pair(words_[step][w]);
    }
  }

 private:
  MemoryRow<const T, kRows> memory_;
  uint32_t words_[kSteps > 0 ? kSteps : 1][kQuad] = {};
};

struct RowStatistics {
  float mean, rstd;
};

// Two passes, so that a mean far from zero costs no digits.
template <class T, int kSteps, Rows kRows>
__device__ inline RowStatistics row_statistics(const Row<T, kSteps, kRows>& row, int hidden,
                                               float eps) {
  float total = 0;
  for_each_group<T, kSteps, kRows>(hidden, [&](int step, int w, int j) {
    Group<T> x;
    row.get(step, w, j, x);
    LATHE_UNROLL
    for (int u = 0; u < kGroup<T>; ++u) total += x[u];  // 0 beyond the row
  });
  const float mean = warp_sum(total) / static_cast<float>(hidden);
  float squares = 0;
  for_each_group<T, kSteps, kRows>(hidden, [&](int step, int w, int j) {
    Group<T> x;
    row.get(step, w, j, x);
    LATHE_UNROLL
    for (int u = 0; u < kGroup<T>; ++u) {
      const float difference = j + u < hidden ? x[u] - mean : 0.0f;
      squares += difference * difference;
    }
  });
  return {mean, 1.0f / sqrtf(warp_sum(squares) / static_cast<float>(hidden) + eps)};
}

// Calls use(steps, rows) with constants: the steps that a launch needs for rows of this many
// columns, or 0 for more than 1024 of them; and what is known of the rows. `vectors`: groups are
// whole and aligned, as a float always is. BERT's sizes have kernels of their own, 384, 768 and
// 1024.
template <class T, class Use>
void with_steps(int64_t hidden, bool vectors, const Use& use) {
  constexpr int kStep = kStepColumns<T>;
  const auto go_on = [&](auto columns, auto rows) {
    use(std::integral_constant<int, (columns + kStep - 1) / kStep>(), rows);
  };
  constexpr std::integral_constant<Rows, Rows::kScalars> kScalars;
  constexpr std::integral_constant<Rows, Rows::kVectors> kVectors;
  constexpr std::integral_constant<Rows, Rows::kFull> kFull;
  constexpr std::integral_constant<int, 0> kAny;
  constexpr std::integral_constant<int, 384> kSmall;
  constexpr std::integral_constant<int, 768> kBase;
  constexpr std::integral_constant<int, 1024> kLarge;
  if constexpr (kGroup < T >> 1) {
    if (!vectors) return hidden <= kLarge ? go_on(kLarge, kScalars) : go_on(kAny, kScalars);
    if (hidden <= kSmall) return go_on(kSmall, kVectors);
  } else if (hidden == kSmall) {
    return go_on(kSmall, kFull);
  }
  if (hidden == kBase) return go_on(kBase, kFull);
  if (hidden == kLarge) return go_on(kLarge, kFull);
  hidden < kLarge ? go_on(kLarge, kVectors) : go_on(kAny, kVectors);
}

// Whether the groups of all rows of `hidden` numbers from there on are whole and aligned: pairs of
// bfloat16s. (A float is a group of its own, and always is.)
inline bool groups_are_whole(int64_t hidden, std::initializer_list<const void*> matrices) {
  bool aligned = hidden % 2 == 0;
  for (const void* matrix : matrices) {
    aligned = aligned && reinterpret_cast<uintptr_t>(matrix) % 4 == 0;
  }
  return aligned;
}
// The same of pairs of floats, which are 8 bytes.
inline bool pairs_are_aligned(std::initializer_list<const float*> vectors) {
  bool aligned = true;
  for (const float* x : vectors) aligned = aligned && reinterpret_cast<uintptr_t>(x) % 8 == 0;
  return aligned;
}

// The gradient of y = LayerNorm(sum) for both ops:
//   g = input_dropout(dy) gamma,  dsum = rstd (g - mean(g) - x̂ mean(g x̂)),  dx =
//   output_dropout(dsum) dgamma += Σ_rows input_dropout(dy) x̂,  dbeta += Σ_rows input_dropout(dy)
struct LayerNormBackward {
  int64_t rows;
  int hidden;
  const float *gamma, *mean, *rstd;
  ConstNumbers sum, dy;
  Numbers dsum;  // may be dy
  Numbers dx;    // null: not wanted
  float *dgamma, *dbeta;
  Draw input_dropout, output_dropout;
};

void layer_norm_backward(const LayerNormBackward& args, Stream stream, const char* op);

}  // namespace lathe::LATHE_CUDA
