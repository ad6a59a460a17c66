// Sums of sorted tokens. A warp takes a chunk of 32 of them and a slice of columns, adds each run
// of equal ids in registers and writes it once, with eight tokens' loads on their way at a time.
// Runs that cross into later chunks leave partial sums, which a second launch joins.
#include <type_traits>

#include "kernels/cuda/table_gradients.h"

namespace lathe::LATHE_CUDA {

namespace {

constexpr int kRun = kWarp;  // tokens of a chunk
constexpr int kAhead = 8;    // of them whose loads are under way together
constexpr int kColumns = 4;  // neighbours that a lane has
constexpr int kSlice = kColumns * kWarp;
constexpr int kSliceWarps = 3;  // of a block of the first launch: 384 columns fill one, 768 two
constexpr int kJoinWarps = 8;   // of the second, which share a slice

using Four = float[kColumns];

// A lane's columns of a slice, of rows of `hidden`. `vectors`: they are all there or none, and
// aligned in every row.
template <bool vectors>
struct Columns {
  int first, left;  // of those from the first on, how many there are

  __device__ Columns(int slice, int hidden)
      : first(slice * kSlice + static_cast<int>(threadIdx.x) * kColumns), left(hidden - first) {}

  __device__ void load(const float* row, Four& x) const {
    if (!vectors || left > 0) load_group<kColumns>(row + first, left, vectors, x);
  }
  __device__ void store(float* row, const Four& x) const {
    if (left > 0) store_group<kColumns>(row + first, left, vectors, x);
  }
};

// A lane's columns of a row, as memory has them: many can be asked for before the first is looked
// at, since no branch stands between.
template <class T, bool vectors>
class Fetched {
 public:
  __device__ void fetch(const Columns<vectors>& columns, const T* row, bool there) {
    const T* from = row + columns.first;
    if constexpr (vectors) {
      if (there && columns.left > 0) raw_ = *reinterpret_cast<const Raw*>(from);
    } else {
      LATHE_UNROLL
      for (int u = 0; u < kColumns; ++u) {
        raw_.x[u] = there && u < columns.left ? to_float(from[u]) : 0.0f;
      }
    }
  }
  __device__ void add_to(Four& sum) const {
    if constexpr (vectors && sizeof(T) == 2) {
      sum[0] += low_of_pair(raw_.x), sum[1] += high_of_pair(raw_.x);
      sum[2] += low_of_pair(raw_.y), sum[3] += high_of_pair(raw_.y);
    } else {
      LATHE_UNROLL
      for (int u = 0; u < kColumns; ++u) sum[u] += raw_.x[u];
    }
  }

 private:
  using Raw = std::conditional_t<vectors && sizeof(T) == 2, uint2, Vector<kColumns>>;
  Raw raw_{};
};

__device__ inline const IdToken* sorted_of(const Tables& args) {
  return args.sorted + int64_t{blockIdx.z} * args.tokens;
}
__device__ inline float* partial_sum(const Tables& args, int chunk, bool goes_on) {
  const int64_t chunks = ceil_div(args.tokens, kRun);
  return args.partial + ((blockIdx.z * chunks + chunk) * 2 + (goes_on ? 1 : 0)) * args.hidden;
}

template <class T, bool vectors>
__global__ void __launch_bounds__(kWarp* kSliceWarps)
    sum_runs_kernel(const __grid_constant__ Tables args) {
  const TableGradient& table = args.table[blockIdx.z];
  const IdToken* sorted = sorted_of(args);
  const auto chunk = static_cast<int>(blockIdx.x), lane = static_cast<int>(threadIdx.x);
  const auto slice = static_cast<int>(blockIdx.y * kSliceWarps + threadIdx.y);
  const Columns<vectors> columns(slice, args.hidden);
  const int first = chunk * kRun, count = minimum(kRun, args.tokens - first);
  // Ids are never negative.
  const IdToken mine = lane < count ? sorted[first + lane] : IdToken{-1, 0};
  const int32_t before = first > 0 ? sorted[first - 1].id : -1;
  const int32_t after = first + count < args.tokens ? sorted[first + count].id : -1;
  Four sum = {};
  for (int group = 0; group < count; group += kAhead) {
    int32_t ids[kAhead];
    bool ends[kAhead], whole[kAhead];
    Fetched<T, vectors> x[kAhead];
    Fetched<float, vectors> gradients[kAhead];
    LATHE_UNROLL
    for (int i = 0; i < kAhead; ++i) {
      const int at = group + i, next = at + 1;
      const int32_t token = __shfl_sync(kAllLanes, mine.token, at);
      const int32_t next_id = __shfl_sync(kAllLanes, mine.id, next % kRun);
      ids[i] = __shfl_sync(kAllLanes, mine.id, at);
      ends[i] = at < count && (next == count || next_id != ids[i]);
      whole[i] = ends[i] && ids[i] != before && (next < count || ids[i] != after);
      x[i].fetch(columns, as<T>(args.dsum) + int64_t{token} * args.hidden, at < count);
      gradients[i].fetch(columns, table.gradient + int64_t{ids[i]} * args.hidden, whole[i]);
    }
    LATHE_UNROLL
    for (int i = 0; i < kAhead; ++i) {
      x[i].add_to(sum);
      if (!ends[i]) continue;
      float* to = table.gradient + int64_t{ids[i]} * args.hidden;
      if (whole[i]) gradients[i].add_to(sum);
      columns.store(whole[i] ? to : partial_sum(args, chunk, ids[i] != before), sum);
      LATHE_UNROLL
      for (float& value : sum) value = 0.0f;
    }
  }
  const int32_t left_id = __shfl_sync(kAllLanes, mine.id, lane > 0 ? lane - 1 : 0);
  const bool begins = mine.id != (lane > 0 ? left_id : before);
  if (table.touched != nullptr && slice == 0 && lane < count && begins) table.touched[mine.id] = 1;
}

// Of a run that begins in a chunk and goes on: the chunk, and how many of the next it reaches into.
struct LongRun {
  int chunk, further;
};

// The calling warp's chunk. `further` is 0 where no run begins and goes on.
__device__ inline LongRun find_run(const Tables& args, int chunk) {
  const IdToken* sorted = sorted_of(args);
  const auto lane = static_cast<int>(threadIdx.x);
  const int next = (chunk + 1) * kRun;
  LongRun run{chunk, 0};
  if (next >= args.tokens) return run;
  const int32_t id = sorted[next].id;
  const int first = chunk * kRun;
  const bool began_before = first > 0 && sorted[first - 1].id == id;
  if (sorted[next - 1].id != id || began_before) return run;
  while (true) {  // ids are sorted: those chunks come first that begin with it
    int found = 0;
    LATHE_UNROLL
    for (int part = 0; part < 4; ++part) {
      const int at = (chunk + 1 + run.further + part * kWarp + lane) * kRun;
      const bool goes_on = at < args.tokens && sorted[at].id == id;
      found += __popc(__ballot_sync(kAllLanes, goes_on ? 1 : 0));
    }
    run.further += found;
    if (found < 4 * kWarp) return run;
  }
}

// A warp finds its chunk's run. Short ones it joins alone, the others all warps of the block join
// together, one after another, each taking every kJoinWarps-th of the chunks that a run reaches
// into.
template <bool vectors>
__global__ void __launch_bounds__(kWarp* kJoinWarps)
    join_runs_kernel(const __grid_constant__ Tables args) {
  __shared__ LongRun runs[kJoinWarps];
  __shared__ Four sums[kJoinWarps][kWarp];
  constexpr int kAlone = 4;
  const TableGradient& table = args.table[blockIdx.z];
  const auto lane = static_cast<int>(threadIdx.x), warp = static_cast<int>(threadIdx.y);
  const Columns<vectors> columns(static_cast<int>(blockIdx.y), args.hidden);
  const auto add_further = [&](const LongRun& run, int step, Four& sum) {
    LATHE_UNROLL_BY(4)
    for (int c = step == 1 ? 1 : 1 + warp; c <= run.further; c += step) {
      Four part = {};
      columns.load(partial_sum(args, run.chunk + c, false), part);
      LATHE_UNROLL
      for (int u = 0; u < kColumns; ++u) sum[u] += part[u];
    }
  };
  // With what its first chunk has of it.
  const auto add_to_table = [&](const LongRun& run, Four& sum) {
    const int32_t id = sorted_of(args)[(run.chunk + 1) * kRun].id;
    float* row = table.gradient + int64_t{id} * args.hidden;
    Four begun = {}, gradient = {};
    columns.load(partial_sum(args, run.chunk, true), begun);
    columns.load(row, gradient);
    LATHE_UNROLL
    for (int u = 0; u < kColumns; ++u) sum[u] = gradient[u] + (begun[u] + sum[u]);
    columns.store(row, sum);
  };
  const LongRun mine = find_run(args, static_cast<int>(blockIdx.x) * kJoinWarps + warp);
  if (mine.further > 0 && mine.further <= kAlone) {
    Four sum = {};
    add_further(mine, 1, sum);
    add_to_table(mine, sum);
  }
  if (lane == 0) runs[warp] = mine;
  __syncthreads();
  for (const LongRun& run : runs) {
    if (run.further <= kAlone) continue;
    Four sum = {};
    add_further(run, kJoinWarps, sum);
    LATHE_UNROLL
    for (int u = 0; u < kColumns; ++u) sums[warp][lane][u] = sum[u];
    __syncthreads();
    if (warp == 0) {
      for (int other = 1; other < kJoinWarps; ++other) {
        LATHE_UNROLL
        for (int u = 0; u < kColumns; ++u) sum[u] += sums[other][lane][u];
      }
      add_to_table(run, sum);
    }
    __syncthreads();
  }
}

}  // namespace

void add_to_tables(Tables tables, Stream stream, const char* op) {
  const int64_t tokens = tables.tokens, hidden = tables.hidden, chunks = ceil_div(tokens, kRun);
  const Workspace found(kTables * tokens * static_cast<int64_t>(sizeof(int32_t)), stream, op);
  const Workspace sorted(kTables * tokens * static_cast<int64_t>(sizeof(IdToken)), stream, op);
  const Workspace partial(kTables * chunks * 2 * hidden * static_cast<int64_t>(sizeof(float)),
                          stream, op);
  tables.found = static_cast<int32_t*>(found.data());
  tables.sorted = static_cast<IdToken*>(sorted.data());
  tables.partial = partial.floats();
  sort_tokens(tables, stream, op);

  bool vectors = hidden % kColumns == 0 && aligned_to_16(tables.dsum.data);
  for (const TableGradient& table : tables.table) {
    vectors = vectors && aligned_to_16(table.gradient);
  }
  const int64_t slices = ceil_div(hidden, kSlice);
  const dim3 sum_grid(static_cast<unsigned>(chunks),
                      static_cast<unsigned>(ceil_div(slices, kSliceWarps)), kTables);
  with_type(tables.dsum.precision, [&](auto zero) {
    using T = decltype(zero);
    launch(op, vectors ? sum_runs_kernel<T, true> : sum_runs_kernel<T, false>, sum_grid,
           dim3(kWarp, kSliceWarps), 0, stream, tables);
  });
  launch(op, vectors ? join_runs_kernel<true> : join_runs_kernel<false>,
         dim3(static_cast<unsigned>(ceil_div(chunks, kJoinWarps)), static_cast<unsigned>(slices),
              kTables),
         dim3(kWarp, kJoinWarps), 0, stream, tables);
}

}  // namespace lathe::LATHE_CUDA
