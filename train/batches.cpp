#include "train/batches.h"

#include <algorithm>
#include <functional>
#include <numeric>

namespace lathe {

int64_t largest_batch_tokens(const TokenizedDataset& dataset, int64_t batch_size) {
  std::vector<int64_t> lengths = dataset.lengths();
  const auto count = std::min<std::ptrdiff_t>(batch_size, std::ssize(lengths));
  std::partial_sort(lengths.begin(), lengths.begin() + count, lengths.end(), std::greater<>());
  return std::accumulate(lengths.begin(), lengths.begin() + count, int64_t{0});
}

Batch::Batch(const Examples& examples, std::span<const int64_t> rows)
    : packed_(pack(examples.tokens, examples.labelled() ? &examples.targets : nullptr, rows)),
      counter_(rows.size() + 1) {
  std::iota(counter_.begin(), counter_.end(), 0);
}

BertInput Batch::input() const {
  return {.tokens = packed_.tokens(),
          .sequences = packed_.sequences(),
          .input_ids = packed_.input_ids.data(),
          .token_type_ids = packed_.token_type_ids.data(),
          .position_ids = packed_.position_ids.data(),
          .offsets = packed_.offsets.data(),
          .counter = counter_.data()};
}

LossTargets Batch::targets() const {
  return {.classes = packed_.classes.empty() ? nullptr : packed_.classes.data(),
          .values = packed_.values.empty() ? nullptr : packed_.values.data()};
}

int64_t Batch::target_columns() const {
  return size() == 0 ? 0 : std::ssize(packed_.values) / size();
}

int64_t Epoch::size() const { return (std::ssize(order_) + batch_size_ - 1) / batch_size_; }

std::span<const int64_t> Epoch::rows(int64_t index) const {
  const auto begin = static_cast<std::size_t>(index * batch_size_);
  return std::span(order_).subspan(
      begin, std::min(static_cast<std::size_t>(batch_size_), order_.size() - begin));
}

Epoch training_epoch(const Examples& examples, SamplingStrategy strategy, int64_t batch_size,
                     uint64_t seed, int64_t epoch) {
  return {examples, epoch_order(strategy, examples.tokens.lengths(), batch_size, seed, epoch),
          batch_size};
}

Epoch inference_epoch(const Examples& examples, int64_t batch_size) {
  return {examples, order_by_length(examples.tokens.lengths()), batch_size};
}

}  // namespace lathe
