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

// A row's pairs of a lane, from or to memory where each of four lanes reads or writes one piece in
// one or two accesses, the one at `piece`, if it is inside. By all lanes.
__device__ inline void load_pairs(const Bf16* piece, bool inside, float (&x)[4][2]) {
  int4 words = {0, 0, 0, 0};
  if (inside) words = *reinterpret_cast<const int4*>(piece);
  int pairs[4] = {words.x, words.y, words.z, words.w};
  transpose_in_four(pairs);
  LATHE_UNROLL
  for (int u = 0; u < 4; ++u) {
    x[u][0] = low_of_pair(static_cast<uint32_t>(pairs[u]));
    x[u][1] = high_of_pair(static_cast<uint32_t>(pairs[u]));
  }
}
__device__ inline void store_pairs(Bf16* piece, bool inside, const float (&x)[4][2]) {
  uint32_t pairs[4];
  LATHE_UNROLL
  for (int u = 0; u < 4; ++u) pairs[u] = to_bf16_pair(x[u][0], x[u][1]);
  transpose_in_four(pairs);
  if (inside) store_pairs(piece, 8, true, pairs);
}
__device__ inline void load_pairs(const float* piece, bool inside, float (&x)[4][2]) {
  float eight[8] = {};
  if (inside) load_eight(piece, eight);
  LATHE_UNROLL
  for (int e = 0; e < 2; ++e) {
    float numbers[4] = {eight[e], eight[2 + e], eight[4 + e], eight[6 + e]};
    transpose_in_four(numbers);
    LATHE_UNROLL
    for (int u = 0; u < 4; ++u) x[u][e] = numbers[u];
  }
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
};

// Finishes the results from `column` of the destination on, in vectors (takes_eights).
template <Finish kFinish, class T>
__device__ inline void finish_results(const Destination<T>& to, int column, LaneResults& results) {
  const auto lane = static_cast<int>(threadIdx.x) % kWarp;
  const int first = column + lane % 4 * 2, piece = column + lane % 4 * 8;
  float bias[4][2] = {};
  if constexpr (kFinish == Finish::kBias || kFinish == Finish::kBiasGelu) {
    LATHE_UNROLL
    for (int u = 0; u < 4; ++u) {
      if (to.bias != nullptr && first + u * 8 < to.columns) {
        load_group(to.bias + to.first_column + first + u * 8, 2, true, bias[u]);
      }
    }
  }
  LATHE_UNROLL
  for (int half = 0; half < 2; ++half) {
    const int row = lane / 4 + half * 8;
    const int64_t at = to.first + row * to.ldc + piece;
    const bool inside = row < to.rows && piece < to.columns;
    float(&x)[4][2] = results.x[half], y[4][2];
    const auto each = [](const auto& change) {
      LATHE_UNROLL
      for (int u = 0; u < 4; ++u) change(u, 0), change(u, 1);
    };
    if constexpr (kFinish == Finish::kAdd) {
      load_pairs(to.c + at, inside, y);
      each([&](int u, int e) { x[u][e] += y[u][e]; });
    } else if constexpr (kFinish == Finish::kMultiply) {
      load_pairs(to.saved + at, inside, y);
      each([&](int u, int e) { x[u][e] *= y[u][e]; });
    } else if constexpr (kFinish != Finish::kStore) {
      each([&](int u, int e) { x[u][e] += bias[u][e]; });
    }
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
  const auto finish = [&](auto kind) {
    LATHE_UNROLL
    for (int j = 0; j < kGroups; ++j) {
      LaneResults results = group(j);
      finish_results<decltype(kind)::value>(to, j * 32, results);
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
