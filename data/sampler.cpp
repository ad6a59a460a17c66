#include "data/sampler.h"

#include <algorithm>
#include <numeric>

#include "base/error.h"
#include "tensor/random.h"

namespace lathe {

namespace {

// "shuf": sets these streams of the run's seed apart from its other draws.
constexpr uint64_t kShuffleStreams = uint64_t{0x73687566} << 32;

constexpr int64_t kBatchesPerMegabatch = 50;
constexpr int64_t kLeastMegabatches = 4;

auto longer(std::span<const int64_t> lengths) {
  return [lengths](int64_t a, int64_t b) {
    return lengths[static_cast<std::size_t>(a)] > lengths[static_cast<std::size_t>(b)];
  };
}

std::vector<int64_t> in_order(std::size_t count) {
  std::vector<int64_t> order(count);
  std::iota(order.begin(), order.end(), int64_t{0});
  return order;
}

int64_t megabatch_size(int64_t count, int64_t batch_size) {
  const int64_t most = count / (batch_size * kLeastMegabatches);
  return batch_size * std::clamp<int64_t>(most, 1, kBatchesPerMegabatch);
}

// Sorts each run of `megabatch` examples from long to short and puts the longest of all first, so
// that a run that does not fit in memory fails at its first step.
void group_by_length(std::vector<int64_t>& order, std::span<const int64_t> lengths,
                     int64_t megabatch) {
  auto longest = order.begin();
  for (auto begin = order.begin(); begin != order.end();) {
    const auto end = begin + std::min<std::ptrdiff_t>(megabatch, order.end() - begin);
    std::stable_sort(begin, end, longer(lengths));
    if (longer(lengths)(*begin, *longest)) longest = begin;
    begin = end;
  }
  if (longest != order.end()) std::iter_swap(order.begin(), longest);
}

}  // namespace

std::vector<int64_t> epoch_order(SamplingStrategy strategy, std::span<const int64_t> lengths,
                                 int64_t batch_size, uint64_t seed, int64_t epoch) {
  if (batch_size < 1) fail("a batch size of ", batch_size, ": at least 1 is needed");
  const auto count = static_cast<int64_t>(lengths.size());
  if (strategy == SamplingStrategy::kSequential) return in_order(lengths.size());
  Random random(seed, kShuffleStreams + static_cast<uint64_t>(epoch));
  std::vector<int64_t> order = random_permutation(count, random);
  if (strategy == SamplingStrategy::kGroupByLength) {
    group_by_length(order, lengths, megabatch_size(count, batch_size));
  }
  return order;
}

std::vector<int64_t> order_by_length(std::span<const int64_t> lengths) {
  std::vector<int64_t> order = in_order(lengths.size());
  std::stable_sort(order.begin(), order.end(), longer(lengths));
  return order;
}

}  // namespace lathe
