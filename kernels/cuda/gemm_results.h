// Results of tensor cores, from the lanes that hold them to memory.
#pragma once

#include <type_traits>

#include "kernels/cuda/exchange.h"
#include "kernels/cuda/gemm.h"

namespace lathe::LATHE_CUDA {

// A lane's part of 16 x 32 results as mma and wgmma leave them: of rows lane / 4 and 8 further, of
// each of four pieces of eight columns the pair number lane % 4.
struct LaneResults {
  float x[2][4][2];
};

// Eight neighbours, or two, as they lie in memory. All that a piece needs is asked for before the
// first of it is looked at: only few warps are there to wait meanwhile.
template <class T>
struct RawEight {
  int4 words[sizeof(T) / 2];
};
template <class T>
__device__ inline RawEight<T> fetch_eight(const T* from) {
  RawEight<T> raw;
  LATHE_UNROLL
  for (int i = 0; i < static_cast<int>(sizeof(T)) / 2; ++i) {
    raw.words[i] = reinterpret_cast<const int4*>(from)[i];
  }
  return raw;
}
__device__ inline uint32_t fetch_pair(const Bf16* from) {
  return *reinterpret_cast<const uint32_t*>(from);
}
__device__ inline float2 fetch_pair(const float* from) {
  return *reinterpret_cast<const float2*>(from);
}
__device__ inline void unpack(uint32_t pair, float (&x)[2]) {
  x[0] = low_of_pair(pair), x[1] = high_of_pair(pair);
}
__device__ inline void unpack(const float2& pair, float (&x)[2]) { x[0] = pair.x, x[1] = pair.y; }

// A row's pairs of a lane, from or to memory where each of four lanes reads or writes one piece in
// one or two accesses; it writes the one at `piece` if it is inside. By all lanes.
__device__ inline void unpack(const RawEight<Bf16>& raw, float (&x)[4][2]) {
  const int4& words = raw.words[0];
  int pairs[4] = {words.x, words.y, words.z, words.w};
  transpose_in_four(pairs);
  LATHE_UNROLL
  for (int u = 0; u < 4; ++u) unpack(static_cast<uint32_t>(pairs[u]), x[u]);
}
__device__ inline void unpack(const RawEight<float>& raw, float (&x)[4][2]) {
  const int4 &low = raw.words[0], &high = raw.words[1];
  LATHE_UNROLL
  for (int e = 0; e < 2; ++e) {
    int words[4] = {e == 0 ? low.x : low.y, e == 0 ? low.z : low.w, e == 0 ? high.x : high.y,
                    e == 0 ? high.z : high.w};
    transpose_in_four(words);
    LATHE_UNROLL
    for (int u = 0; u < 4; ++u) x[u][e] = __uint_as_float(static_cast<uint32_t>(words[u]));
  }
}
__device__ inline void store_pairs(Bf16* piece, bool inside, const float (&x)[4][2]) {
  uint32_t pairs[4];
  LATHE_UNROLL
  for (int u = 0; u < 4; ++u) pairs[u] = to_bf16_pair(x[u][0], x[u][1]);
  transpose_in_four(pairs);
  if (inside) store_pairs(piece, 8, true, pairs);
}
__device__ inline void store_pairs(float* piece, bool inside, const float (&x)[4][2]) {
  float eight[8];
  LATHE_UNROLL
  for (int e = 0; e < 2; ++e) {
    float numbers[4] = {x[0][e], x[1][e], x[2][e], x[3][e]};
    transpose_in_four(numbers);
    LATHE_UNROLL
    for (int u = 0; u < 4; ++u) eight[2 * u + e] = numbers[u];
  }
  if (inside) store_eight(piece, eight);
}

// What becomes of products, of which kind an epilogue is: known when it is compiled, since it is
// unrolled over all of a lane's results.
enum class Finish { kStore, kAdd, kMultiply, kBias, kBiasGelu };

// Where the results from some row and column on lie, and what they are finished with.
template <class T>
struct Destination {
  T *c, *saved;                      // all of them; saved may be null
  const T* bias;                     // may be null
  int64_t ldc, first, first_column;  // first: where in c and saved that row and column are
  int rows, columns;                 // that there are from there on

  __device__ Destination(const GemmArgs& args, int64_t row, int64_t column)
      : c(as<T>(args.c)),
        saved(as<T>(args.saved)),
        bias(as<T>(args.bias)),
        ldc(args.ldc),
        first(row * args.ldc + column),
        first_column(column),
        rows(static_cast<int>(args.m - row)),
        columns(static_cast<int>(args.n - column)) {}

  // Of the lane's row, in the upper or lower eight, the number at that column.
  __device__ int64_t at(int half, int column) const { return first + row_of(half) * ldc + column; }
  __device__ bool has(int half, int column) const {
    return row_of(half) < rows && column < columns;
  }

 private:
  __device__ static int row_of(int half) {
    return static_cast<int>(threadIdx.x) % kWarp / 4 + half * 8;
  }
};

// What kGroups neighbouring groups of 32 columns are finished with, as far as it is inside.
template <Finish kFinish, class T, int kGroups>
class Inputs {
 public:
  static constexpr bool kBiased = kFinish == Finish::kBias || kFinish == Finish::kBiasGelu;
  static constexpr bool kCombined = kFinish == Finish::kAdd || kFinish == Finish::kMultiply;

  // In vectors (takes_eights). A bias that is null is 0.
  __device__ void fetch(const Destination<T>& to, int column) {
    const auto lane = static_cast<int>(threadIdx.x) % kWarp;
    LATHE_UNROLL
    for (int j = 0; j < kGroups; ++j) {
      if constexpr (kBiased) {
        LATHE_UNROLL
        for (int u = 0; u < 4; ++u) {
          const int pair = column + j * 32 + u * 8 + lane % 4 * 2;
          if (to.bias != nullptr && pair < to.columns) {
            bias_[j][u] = fetch_pair(to.bias + to.first_column + pair);
          }
        }
      }
      if constexpr (kCombined) {
        const T* from = kFinish == Finish::kAdd ? to.c : to.saved;
        LATHE_UNROLL
        for (int half = 0; half < 2; ++half) {
          const int piece = column + j * 32 + lane % 4 * 8;
          if (to.has(half, piece)) eights_[j][half] = fetch_eight(from + to.at(half, piece));
        }
      }
    }
  }
  __device__ void bias(int j, float (&x)[4][2]) const {
    LATHE_UNROLL
    for (int u = 0; u < 4; ++u) unpack(bias_[j][u], x[u]);
  }
  __device__ void others(int j, int half, float (&x)[4][2]) const { unpack(eights_[j][half], x); }

 private:
  using Pair = decltype(fetch_pair(static_cast<const T*>(nullptr)));
  Pair bias_[kGroups][4] = {};
  RawEight<T> eights_[kGroups][2] = {};
};

// Finishes a group, number j of `inputs`, whose columns begin at `column` of the destination.
template <Finish kFinish, class T, int kGroups>
__device__ inline void finish_results(const Destination<T>& to, int column,
                                      const Inputs<kFinish, T, kGroups>& inputs, int j,
                                      LaneResults& results) {
  using Given = Inputs<kFinish, T, kGroups>;
  const int piece = column + static_cast<int>(threadIdx.x) % 4 * 8;
  float bias[4][2];
  if constexpr (Given::kBiased) inputs.bias(j, bias);
  LATHE_UNROLL
  for (int half = 0; half < 2; ++half) {
    const int64_t at = to.at(half, piece);
    const bool inside = to.has(half, piece);
    float(&x)[4][2] = results.x[half], y[4][2];
    const auto each = [](const auto& change) {
      LATHE_UNROLL
      for (int u = 0; u < 4; ++u) change(u, 0), change(u, 1);
    };
    if constexpr (Given::kCombined) {
      inputs.others(j, half, y);
      each([&](int u, int e) {
        x[u][e] = kFinish == Finish::kAdd ? x[u][e] + y[u][e] : x[u][e] * y[u][e];
      });
    }
    if constexpr (Given::kBiased) each([&](int u, int e) { x[u][e] += bias[u][e]; });
    if constexpr (kFinish == Finish::kBiasGelu) {
      each([&](int u, int e) {
        const Gelu g = gelu(x[u][e]);
        x[u][e] = g.value, y[u][e] = g.derivative;
      });
      if (to.saved != nullptr) store_pairs(to.saved + at, inside, y);
    }
    store_pairs(to.c + at, inside, x);
  }
}

// All of a warp's results: 16 rows from `row` on, of columns from `column` on kGroups times 32,
// which `group(j)` gives.
template <class T, int kGroups, class Group>
__device__ inline void finish_rows(const GemmArgs& args, int64_t row, int64_t column, bool eights,
                                   const Group& group) {
  const auto lane = static_cast<int>(threadIdx.x) % kWarp;
  if (!eights || args.epilogue == Epilogue::kBiasTanh) {
    LATHE_UNROLL
    for (int j = 0; j < kGroups; ++j) {
      const LaneResults results = group(j);
      LATHE_UNROLL
      for (int at = 0; at < 8; ++at) {
        const float(&x)[2] = results.x[at / 4][at % 4];
        finish_pair<T>(args, x[0], x[1], row + lane / 4 + at / 4 * 8,
                       column + j * 32 + at % 4 * 8 + lane % 4 * 2, false);
      }
    }
    return;
  }
  const Destination<T> to(args, row, column);
  // Of floats half at a time, for want of registers.
  constexpr int kAtOnce = sizeof(T) == 2 ? kGroups : (kGroups + 1) / 2;
  const auto finish = [&](auto kind) {
    LATHE_UNROLL
    for (int first = 0; first < kGroups; first += kAtOnce) {
      Inputs<decltype(kind)::value, T, kAtOnce> inputs;
      inputs.fetch(to, first * 32);
      LATHE_UNROLL
      for (int j = 0; j < kAtOnce; ++j) {
        LaneResults results = group(first + j);
        finish_results(to, (first + j) * 32, inputs, j, results);
      }
    }
  };
  if (args.epilogue == Epilogue::kNone) {
    if (args.accumulate)
      finish(std::integral_constant<Finish, Finish::kAdd>());
    else
      finish(std::integral_constant<Finish, Finish::kStore>());
  } else if (args.epilogue == Epilogue::kGeluBackward) {
    finish(std::integral_constant<Finish, Finish::kMultiply>());
  } else if (args.epilogue == Epilogue::kBias) {
    finish(std::integral_constant<Finish, Finish::kBias>());
  } else {
    finish(std::integral_constant<Finish, Finish::kBiasGelu>());
  }
}

}  // namespace lathe::LATHE_CUDA
