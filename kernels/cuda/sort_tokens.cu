// Tokens sorted by id, in one launch. A block takes the ids of one bucket, 256 neighbours: it looks
// at all tokens, finds its own and how many come before them, and sorts its own by counting, in
// their order. All that is added up is integers.
#include "kernels/cuda/reduce.h"
#include "kernels/cuda/table_gradients.h"

namespace lathe::LATHE_CUDA {

namespace {

constexpr int kThreads = 512;
constexpr int kWarps = kThreads / kWarp;
constexpr int kBucketBits = 8;
constexpr int kDigits = 1 << kBucketBits;
constexpr int kEach = kDigits / kWarp;  // of a lane's, where a warp goes through all digits

// The lanes of `among` with the same digit as the calling one. By all lanes.
__device__ inline unsigned lanes_with(unsigned among, int digit) {
  LATHE_UNROLL
  for (int bit = 0; bit < kBucketBits; ++bit) {
    const bool set = (digit >> bit & 1) != 0;
    const unsigned lanes = __ballot_sync(kAllLanes, set ? 1 : 0);
    among &= set ? lanes : ~lanes;
  }
  return among;
}

// The items that a warp takes of `count`: some 32 at a time, in their order over the warps.
struct Share {
  int first, rounds;

  __device__ explicit Share(int items) {
    rounds = (items + kThreads - 1) / kThreads;
    first = static_cast<int>(threadIdx.x) / kWarp * rounds * kWarp +
            static_cast<int>(threadIdx.x) % kWarp;
  }
  __device__ int item(int round) const { return first + round * kWarp; }
};

// Where the bucket's tokens go to: how many have smaller ids, and how many there are.
struct Bucket {
  int below, count;
};

// Writes the bucket's tokens, in their order, to found + its `below`.
__device__ Bucket find_tokens(const int32_t* ids, int tokens, int bucket, int32_t* found) {
  __shared__ Bucket of_warp[kWarps];
  const auto lane = static_cast<int>(threadIdx.x) % kWarp;
  const auto warp = static_cast<int>(threadIdx.x) / kWarp;
  const Share share(tokens);
  const auto bucket_of = [&](int token) {
    return token < tokens ? ids[token] >> kBucketBits : INT32_MAX;
  };
  int below = 0, own = 0;
  LATHE_UNROLL_BY(8)
  for (int round = 0; round < share.rounds; ++round) {
    const int its = bucket_of(share.item(round));
    below += its < bucket ? 1 : 0, own += its == bucket ? 1 : 0;
  }
  below = warp_sum(below), own = warp_sum(own);
  if (lane == 0) of_warp[warp] = {below, own};
  __syncthreads();
  Bucket all{};
  int place = 0;
  for (int w = 0; w < kWarps; ++w) {
    if (w == warp) place = all.count;
    all.below += of_warp[w].below, all.count += of_warp[w].count;
  }
  if (own == 0) return all;
  LATHE_UNROLL_BY(8)
  for (int round = 0; round < share.rounds; ++round) {
    const int token = share.item(round);
    const bool mine = bucket_of(token) == bucket;
    const unsigned lanes = __ballot_sync(kAllLanes, mine ? 1 : 0);
    if (mine) found[all.below + place + __popc(lanes & ((1u << lane) - 1))] = token;
    place += __popc(lanes);
  }
  return all;
}

// counts[warp][digit], the numbers of such items, become where the first of them goes.
__device__ void add_up(int (&counts)[kWarps][kDigits]) {
  __shared__ int totals[kDigits];
  const auto thread = static_cast<int>(threadIdx.x);
  if (thread < kDigits) {
    int total = 0;
    for (auto& of_warp : counts) {
      const int count = of_warp[thread];
      of_warp[thread] = total;
      total += count;
    }
    totals[thread] = total;
  }
  __syncthreads();
  if (thread < kWarp) {
    int mine = 0;
    for (int i = 0; i < kEach; ++i) mine += totals[thread * kEach + i];
    int up_to = mine;
    for (int distance = 1; distance < kWarp; distance *= 2) {
      const int other =
          __shfl_sync(kAllLanes, up_to, thread < distance ? thread : thread - distance);
      if (thread >= distance) up_to += other;
    }
    int before = up_to - mine;
    for (int i = 0; i < kEach; ++i) {
      const int total = totals[thread * kEach + i];
      totals[thread * kEach + i] = before;
      before += total;
    }
  }
  __syncthreads();
  if (thread < kDigits) {
    for (auto& of_warp : counts) of_warp[thread] += totals[thread];
  }
  __syncthreads();
}

__global__ void __launch_bounds__(kThreads) sort_kernel(const __grid_constant__ Tables args) {
  __shared__ int counts[kWarps][kDigits];
  const TableGradient& table = args.table[blockIdx.y];
  const auto bucket = static_cast<int>(blockIdx.x);
  if (int64_t{bucket} << kBucketBits >= table.rows) return;
  int32_t* found = args.found + int64_t{blockIdx.y} * args.tokens;
  const Bucket own = find_tokens(table.ids, args.tokens, bucket, found);
  if (own.count == 0) return;
  found += own.below;
  IdToken* sorted = args.sorted + int64_t{blockIdx.y} * args.tokens + own.below;

  const auto lane = static_cast<int>(threadIdx.x) % kWarp;
  int(&mine)[kDigits] = counts[threadIdx.x / kWarp];
  for (int digit = lane; digit < kDigits; digit += kWarp) mine[digit] = 0;
  __syncthreads();  // and what was found is there
  const Share share(own.count);
  // Calls each(item, place) of every item, the place among those of the warp or, once counts are
  // added up, of the bucket; then the first lane of those with the same digit counts them.
  const auto go_through = [&](const auto& each) {
    for (int round = 0; round < share.rounds; ++round) {
      const bool there = share.item(round) < own.count;
      IdToken item{};
      if (there) item.token = found[share.item(round)], item.id = table.ids[item.token];
      const int digit = item.id % kDigits;
      const unsigned same = lanes_with(__ballot_sync(kAllLanes, there ? 1 : 0), digit);
      const int before = __popc(same & ((1u << lane) - 1));
      if (there) each(item, mine[digit] + before);
      __syncwarp();
      if (there && before == 0) mine[digit] += __popc(same);
      __syncwarp();
    }
  };
  go_through([](const IdToken&, int) {});
  __syncthreads();
  add_up(counts);
  go_through([&](const IdToken& item, int place) { sorted[place] = item; });
}

}  // namespace

void sort_tokens(const Tables& tables, Stream stream, const char* op) {
  int64_t rows = 0;
  for (const TableGradient& table : tables.table) rows = table.rows > rows ? table.rows : rows;
  launch(op, sort_kernel, dim3(static_cast<unsigned>(ceil_div(rows, kDigits)), kTables), kThreads,
         0, stream, tables);
}

}  // namespace lathe::LATHE_CUDA
