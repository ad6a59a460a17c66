// Forward: a warp a token. Backward: the LayerNorm, then the sums of the tokens' gradients into the
// three tables, over tokens sorted by row of the table. Sorted, each row's tokens are neighbours,
// so a warp adds a run of them in registers and writes once; no two warps ever write the same
// element.
#include "kernels/cuda/layer_norm.h"
#include "kernels/cuda/ops.h"

namespace lathe::LATHE_CUDA {

namespace {

template <class T, int kSteps, Rows kRows>
__global__ void __launch_bounds__(kRowThreads)
    forward_kernel(EmbeddingForwardArgs args, Draw given) {
  const int64_t token = int64_t{blockIdx.x} * kRowWarps + threadIdx.x / kWarp;
  if (token >= args.tokens) return;
  const int hidden = static_cast<int>(args.hidden);
  const int64_t at = token * hidden;
  const float* word = args.word + int64_t{args.ids[token]} * hidden;
  const float* position = args.position + int64_t{args.positions[token]} * hidden;
  const float* type = args.type + int64_t{args.types[token]} * hidden;
  const bool saves = args.sum.data != nullptr;
  const MemoryRow<T, kRows> to{as<T>(args.y) + at, hidden};
  const MemoryRow<T, kRows> saved{saves ? as<T>(args.sum) + at : to.data, hidden};
  Row<T, kSteps, kRows> sum(saved);
  for_each_group<T, kSteps, kRows>(hidden, [&](int step, int w, int j) {
    Group<T> s, p, t;
    load_group(word + j, hidden - j, kRows != Rows::kScalars, s);
    load_group(position + j, hidden - j, kRows != Rows::kScalars, p);
    load_group(type + j, hidden - j, kRows != Rows::kScalars, t);
    LATHE_UNROLL
    for (int u = 0; u < kGroup<T>; ++u) s[u] += p[u], s[u] += t[u];
    sum.set(step, w, j, s);
  });
  const Draw draw = current(given);
  const RowStatistics statistics = row_statistics(sum, hidden, args.eps);
  Factors<T> factors;
  keep_all<T>(factors);
  for_each_group<T, kSteps, kRows>(hidden, [&](int step, int w, int j) {
    if (draw.active && w == 0) draw_step<T>(draw, step, token, factors);
    Group<T> s, gamma, beta;
    sum.get(step, w, j, s);
    if (saves) saved.store(j, s);
    load_group(args.gamma + j, hidden - j, kRows != Rows::kScalars, gamma);
    load_group(args.beta + j, hidden - j, kRows != Rows::kScalars, beta);
    LATHE_UNROLL
    for (int u = 0; u < kGroup<T>; ++u) {
      const float y = (s[u] - statistics.mean) * statistics.rstd * gamma[u] + beta[u];
      s[u] = y * factors[u][w];
    }
    to.store(j, s);
  });
  if (threadIdx.x % kWarp != 0) return;
  if (args.mean != nullptr) args.mean[token] = statistics.mean;
  if (args.rstd != nullptr) args.rstd[token] = statistics.rstd;
}

// ---- sums by row of a table ---------------------------------------------------------------------

struct TableGradient {
  const int32_t* ids;  // [tokens]
  float* gradient;     // [… , hidden] +=
  uint8_t* touched;    // a byte a row; may be null
};

constexpr int kTables = 3;

struct Tables {
  TableGradient table[kTables];
  ConstNumbers dsum;  // [tokens, hidden]
  int32_t* order;     // [kTables][tokens]: the tokens sorted by id, equal ids in their own order
  // [kTables][chunks][2][hidden]: of each chunk, the sum of its first tokens where their run began
  // in an earlier chunk, and of its last tokens where their run goes on in the next.
  float* partial;
  int tokens, hidden;
};

constexpr int kSortThreads = 256;
constexpr int kRun = 32;        // tokens in a chunk of the sorted list
constexpr int kSliceWarps = 4;  // warps of a block, each with kSliceColumns columns
constexpr int kSliceColumns = 4 * kWarp;

// A token's place in the sorted list is the number of tokens before it there, counted by looking at
// them all: quadratic, but 16,384 tokens take 2^28 comparisons, a few microseconds' work.
__global__ void __launch_bounds__(kSortThreads) sort_kernel(const __grid_constant__ Tables args) {
  __shared__ int32_t tile[kSortThreads];
  const int32_t* ids = args.table[blockIdx.y].ids;
  const int thread = static_cast<int>(threadIdx.x);
  const int token = static_cast<int>(blockIdx.x) * kSortThreads + thread;
  const int32_t id = token < args.tokens ? ids[token] : 0;
  int place = 0;
  for (int first = 0; first < args.tokens; first += kSortThreads) {
    __syncthreads();
    if (first + thread < args.tokens) tile[thread] = ids[first + thread];
    __syncthreads();
    const int count = minimum(kSortThreads, args.tokens - first);
    for (int i = 0; i < count; ++i) place += tile[i] < id + (first + i < token ? 1 : 0) ? 1 : 0;
  }
  if (token < args.tokens) args.order[int64_t{blockIdx.y} * args.tokens + place] = token;
}

// The sorted list of one table.
struct Sorted {
  const int32_t* ids;
  const int32_t* order;
  int tokens;

  __device__ int32_t id(int place) const { return ids[order[place]]; }
  // Whether the tokens at place - 1 and at place have the same row; false at both ends of the list.
  __device__ bool continues(int place) const {
    return place > 0 && place < tokens && id(place - 1) == id(place);
  }
};

__device__ inline Sorted sorted_list(const Tables& args, unsigned table) {
  return {args.table[table].ids, args.order + int64_t{table} * args.tokens, args.tokens};
}

__device__ inline float* partial_sum(const Tables& args, unsigned table, int chunk, bool goes_on) {
  const int64_t chunks = ceil_div(args.tokens, kRun);
  return args.partial + ((table * chunks + chunk) * 2 + (goes_on ? 1 : 0)) * args.hidden;
}

// The lane's columns of a slice.
template <class Each>
__device__ inline void for_each_slice_column(int hidden, const Each& each) {
  const int first =
      static_cast<int>((blockIdx.y * kSliceWarps + threadIdx.y) * kSliceColumns + threadIdx.x);
  LATHE_UNROLL
  for (int w = 0; w < 4; ++w) {
    if (first + w * kWarp < hidden) each(w, first + w * kWarp);
  }
}

// A warp adds a slice of the columns of one chunk's tokens, run by run.
template <class T>
__global__ void __launch_bounds__(kWarp* kSliceWarps)
    sum_runs_kernel(const __grid_constant__ Tables args) {
  const unsigned number = blockIdx.z;
  const TableGradient& table = args.table[number];
  const Sorted sorted = sorted_list(args, number);
  const int chunk = static_cast<int>(blockIdx.x);
  const int first = chunk * kRun, last = minimum(first + kRun, args.tokens);
  const bool marks = table.touched != nullptr && blockIdx.y + threadIdx.y + threadIdx.x == 0;
  float sum[4] = {};
  bool began_before = sorted.continues(first);
  for (int place = first; place < last; ++place) {
    const T* dsum = as<T>(args.dsum) + int64_t{sorted.order[place]} * args.hidden;
    for_each_slice_column(args.hidden,
                          [&](int w, int column) { sum[w] += to_float(dsum[column]); });
    const bool goes_on = sorted.continues(place + 1);
    if (goes_on && place + 1 < last) continue;
    const int32_t id = sorted.id(place);
    if (marks && !began_before) table.touched[id] = 1;
    if (began_before || goes_on) {
      float* to = partial_sum(args, number, chunk, !began_before);
      for_each_slice_column(args.hidden, [&](int w, int column) { to[column] = sum[w]; });
    } else {
      float* to = table.gradient + int64_t{id} * args.hidden;
      for_each_slice_column(args.hidden, [&](int w, int column) { to[column] += sum[w]; });
    }
    LATHE_UNROLL
    for (int w = 0; w < 4; ++w) sum[w] = 0.0f;
    began_before = false;
  }
}

// The runs that cross from a chunk into later ones, each by the warps of the chunk it begins in.
__global__ void __launch_bounds__(kWarp* kSliceWarps)
    join_runs_kernel(const __grid_constant__ Tables args) {
  const unsigned number = blockIdx.z;
  const Sorted sorted = sorted_list(args, number);
  const int chunk = static_cast<int>(blockIdx.x), next = (chunk + 1) * kRun;
  if (!sorted.continues(next)) return;
  const int32_t id = sorted.id(next);
  // The chunk's last run began before it: an earlier chunk's warps take it.
  if (sorted.id(chunk * kRun) == id && sorted.continues(chunk * kRun)) return;
  float sum[4] = {};
  const float* from = partial_sum(args, number, chunk, true);
  for_each_slice_column(args.hidden, [&](int w, int column) { sum[w] = from[column]; });
  for (int c = chunk + 1; c * kRun < args.tokens && sorted.id(c * kRun) == id; ++c) {
    const float* head = partial_sum(args, number, c, false);
    for_each_slice_column(args.hidden, [&](int w, int column) { sum[w] += head[column]; });
  }
  float* to = args.table[number].gradient + int64_t{id} * args.hidden;
  for_each_slice_column(args.hidden, [&](int w, int column) { to[column] += sum[w]; });
}

void add_to_tables(Tables tables, Stream stream) {
  const char* op = "embedding_backward";
  const int64_t chunks = ceil_div(tables.tokens, kRun);
  const Workspace order(kTables * tables.tokens * static_cast<int64_t>(sizeof(int32_t)), stream,
                        op);
  const Workspace partial(
      kTables * chunks * 2 * tables.hidden * static_cast<int64_t>(sizeof(float)), stream, op);
  tables.order = static_cast<int32_t*>(order.data());
  tables.partial = partial.floats();
  launch(op, sort_kernel,
         dim3(static_cast<unsigned>(ceil_div(tables.tokens, kSortThreads)), kTables), kSortThreads,
         0, stream, tables);
  const dim3 grid(static_cast<unsigned>(chunks),
                  static_cast<unsigned>(ceil_div(tables.hidden, kSliceWarps * kSliceColumns)),
                  kTables);
  with_type(tables.dsum.precision, [&](auto zero) {
    launch(op, sum_runs_kernel<decltype(zero)>, grid, dim3(kWarp, kSliceWarps), 0, stream, tables);
  });
  launch(op, join_runs_kernel, grid, dim3(kWarp, kSliceWarps), 0, stream, tables);
}

}  // namespace

void embedding_forward(const EmbeddingForwardArgs& args, Stream stream) {
  if (args.tokens == 0) return;
  const bool vectors =
      groups_are_whole(args.hidden, {args.y.data, args.sum.data}) &&
      pairs_are_aligned({args.word, args.position, args.type, args.gamma, args.beta});
  with_type(args.y.precision, [&](auto zero) {
    using T = decltype(zero);
    with_steps<T>(args.hidden, vectors, [&](auto steps, auto rows) {
      launch("embedding_forward", forward_kernel<T, steps, rows>,
             static_cast<unsigned>(ceil_div(args.tokens, kRowWarps)), kRowThreads, 0, stream, args,
             make_draw(args.dropout));
    });
  });
}

void embedding_backward(const EmbeddingBackwardArgs& args, Stream stream) {
  if (args.tokens == 0) return;
  LayerNormBackward norm{};
  norm.rows = args.tokens, norm.hidden = static_cast<int>(args.hidden);
  norm.gamma = args.gamma, norm.sum = args.sum, norm.mean = args.mean, norm.rstd = args.rstd;
  norm.dy = args.dy, norm.dsum = args.dsum;
  norm.dgamma = args.dgamma, norm.dbeta = args.dbeta;
  norm.input_dropout = make_draw(args.dropout);
  layer_norm_backward(norm, stream, "embedding_backward");
  add_to_tables({{{args.ids, args.dword, args.word_touched},
                  {args.positions, args.dposition, nullptr},
                  {args.types, args.dtype, nullptr}},
                 args.dsum,
                 nullptr,
                 nullptr,
                 static_cast<int>(args.tokens),
                 static_cast<int>(args.hidden)},
                stream);
}

}  // namespace lathe::LATHE_CUDA
