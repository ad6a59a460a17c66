// The order in which examples are visited.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

namespace lathe {

enum class SamplingStrategy { kRandom, kSequential, kGroupByLength };

// The order of one epoch over lengths.size() examples: a permutation, cut into batches of
// batch_size by the caller. The same seed and epoch give the same order on every machine; every
// epoch has its own.
//   kRandom         a uniform shuffle
//   kSequential     0, 1, 2, …
//   kGroupByLength  Transformers' get_length_grouped_indices: a shuffle cut into megabatches of 50
//                   batches (fewer where that would leave less than 4 of them), each sorted from
//                   long to short, and the longest example of all first
std::vector<int64_t> epoch_order(SamplingStrategy strategy, std::span<const int64_t> lengths,
                                 int64_t batch_size, uint64_t seed, int64_t epoch);

// From the longest example to the shortest, equals in their own order: for inference, where order
// is free and a batch of equal lengths is cheapest. Results belong to the examples named here, so
// the caller puts them back in their place.
std::vector<int64_t> order_by_length(std::span<const int64_t> lengths);

}  // namespace lathe
