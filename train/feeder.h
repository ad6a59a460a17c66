// Batches on their way to where the model computes.
//
// A GPU gets a batch as one copy out of memory that it reads by itself, in its order of work: the
// host packs the next batch while the GPU still computes with the one before, and waits only when
// it is several batches ahead. On a CPU a batch is used where it lies.
//
// With the batch goes what else changes from step to step. It always comes to the same place, so
// that a step captured once (step_graphs.h) finds it there.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <optional>

#include "nn/bert_input.h"
#include "nn/loss.h"
#include "tensor/buffer.h"
#include "tensor/mark.h"
#include "train/batches.h"

namespace lathe {

// What a step of training needs to know besides its batch.
struct StepNumbers {
  AdamWStep adamw{};
  uint32_t micro_batch = 0;  // of the run: what dropout draws for
};

// The token that a filler (nn/bert_input.h) consists of. It is the last row of each table: where
// backward sorts tokens by row, fillers come last and change the order of no sum. Their gradients
// are zero, and AdamW leaves a row as it is that has never had another.
struct Filler {
  int32_t id, type, position;
};
Filler filler_of(const BertConfig& config);

// Fillers bring a batch to a multiple of this. A kernel's block works on 64 or 128 rows, so what is
// added to the last block costs little.
constexpr int64_t kFilledTo = 64;
constexpr int64_t filled(int64_t tokens) {
  return (tokens + kFilledTo - 1) / kFilledTo * kFilledTo;
}

class Feeder {
 public:
  // For batches of at most so many tokens and sequences, with targets of at most `labels` columns.
  // With a filler every batch gets one, on a GPU.
  Feeder(Device& device, int64_t tokens, int64_t sequences, int64_t labels,
         const std::optional<Filler>& filler = {});

  // A batch in memory of the device.
  struct Fed {
    BertInput input;
    LossTargets targets;
    const StepNumbers* numbers;
  };
  // Valid, in the device's order of work, until the next is put; on a CPU it is a view of the batch
  // itself. Error when the batch is larger than was said: a bug in the plan.
  Fed put(const Batch& batch, const StepNumbers& numbers = {});
  // The numbers alone, for a step without a batch.
  const StepNumbers* put(const StepNumbers& numbers);

 private:
  static constexpr int kAhead = 3;  // batches that the host may be ahead

  struct Slot {
    Slot(Device& device, int64_t bytes)
        : memory(bytes, "a batch on its way", device, Buffer::Kind::kStaging), copied(device) {}
    Buffer memory;
    Mark copied;  // set after the copy out of the slot
  };

  template <class Pack>
  void upload(const Pack& pack);

  Device& device_;
  std::optional<Filler> filler_;
  StepNumbers numbers_;  // on a CPU
  Buffer memory_;
  std::array<std::unique_ptr<Slot>, kAhead> slots_;
  std::size_t next_ = 0;
};

}  // namespace lathe
