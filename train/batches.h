// From a dataset to what a step of the model takes: packed batches in the order of an epoch.
#pragma once

#include <cstdint>
#include <vector>

#include "data/batch.h"
#include "data/labels.h"
#include "data/sampler.h"
#include "data/tokenized.h"
#include "nn/bert_input.h"
#include "nn/loss.h"

namespace lathe {

// Tokenized examples with what they should be answered with.
struct Examples {
  TokenizedDataset tokens;
  Targets targets;          // no classes and no values: unlabelled
  bool from_cache = false;  // the tokens were not made but found

  int64_t size() const { return tokens.size(); }
  bool labelled() const { return !targets.classes.empty() || !targets.values.empty(); }
};

// The tokens of the largest batch that `batch_size` examples can make: what an arena is sized for.
int64_t largest_batch_tokens(const TokenizedDataset& dataset, int64_t batch_size);

// A packed batch that the model can read. Owns its memory; the views die with it.
class Batch {
 public:
  Batch(const Examples& examples, std::span<const int64_t> rows);

  BertInput input() const;
  LossTargets targets() const;
  int64_t size() const { return packed_.sequences(); }
  int64_t tokens() const { return packed_.tokens(); }
  int64_t target_columns() const;  // of targets().values; 0 where there are none
  const std::vector<int64_t>& rows() const { return packed_.examples; }

 private:
  PackedBatch packed_;
  std::vector<int32_t> counter_;  // 0, 1, 2, …
};

// One pass over the examples, cut into batches, the last of which may be smaller. A batch is packed
// when it is asked for. The examples must outlive it.
class Epoch {
 public:
  Epoch(const Examples& examples, std::vector<int64_t> order, int64_t batch_size)
      : examples_(examples), order_(std::move(order)), batch_size_(batch_size) {}

  int64_t size() const;  // batches
  Batch operator[](int64_t index) const { return Batch(examples_, rows(index)); }
  std::span<const int64_t> rows(int64_t index) const;

  class Iterator {
   public:
    Iterator(const Epoch& epoch, int64_t index) : epoch_(epoch), index_(index) {}
    Batch operator*() const { return epoch_[index_]; }
    Iterator& operator++() {
      ++index_;
      return *this;
    }
    bool operator!=(const Iterator& other) const { return index_ != other.index_; }

   private:
    const Epoch& epoch_;
    int64_t index_;
  };
  Iterator begin() const { return {*this, 0}; }
  Iterator end() const { return {*this, size()}; }

 private:
  const Examples& examples_;
  std::vector<int64_t> order_;
  int64_t batch_size_;
};

// The training batches of epoch 0, 1, 2, …: the same for the same seed, whatever came before.
Epoch training_epoch(const Examples& examples, SamplingStrategy strategy, int64_t batch_size,
                     uint64_t seed, int64_t epoch);

// Every example once, from the longest to the shortest, so that no batch mixes long and short ones.
Epoch inference_epoch(const Examples& examples, int64_t batch_size);

}  // namespace lathe
