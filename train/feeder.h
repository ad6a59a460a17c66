// Batches on their way to where the model computes.
//
// A GPU gets a batch as one copy out of memory that it reads by itself, in its order of work: the
// host packs the next batch while the GPU still computes with the one before, and waits only when
// it is several batches ahead. On a CPU a batch is used where it lies.
#pragma once

#include <array>
#include <cstdint>
#include <memory>

#include "nn/bert_input.h"
#include "nn/loss.h"
#include "tensor/buffer.h"
#include "tensor/mark.h"
#include "train/batches.h"

namespace lathe {

class Feeder {
 public:
  // For batches of at most so many tokens and sequences, with targets of at most `labels` columns.
  Feeder(Device& device, int64_t tokens, int64_t sequences, int64_t labels);

  // A batch in memory of the device.
  struct Fed {
    BertInput input;
    LossTargets targets;
  };
  // Valid, in the device's order of work, until the next batch is put; on a CPU it is a view of the
  // batch itself. Error when the batch is larger than was said: a bug in the plan.
  Fed put(const Batch& batch);

 private:
  static constexpr int kAhead = 3;  // batches that the host may be ahead

  struct Slot {
    Slot(Device& device, int64_t bytes)
        : memory(bytes, "a batch on its way", device, Buffer::Kind::kStaging), copied(device) {}
    Buffer memory;
    Mark copied;  // set after the copy out of the slot
  };

  Device& device_;
  Buffer memory_;
  std::array<std::unique_ptr<Slot>, kAhead> slots_;
  std::size_t next_ = 0;
};

}  // namespace lathe
