// A GPU's training steps as one launch each.
//
// A step of BERT-base is some hundreds of kernels of a few microseconds, and to ask for one takes
// the host about as long: a GPU may wait for its host. A CUDA graph is such a sequence of launches
// kept by the driver, which asks for all of it in one call. It repeats the very arguments that the
// kernels had when it was captured, so nothing that changes from step to step may be an argument:
//   - what is computed lies at the same addresses: parameters, arena, the feeder's batch;
//   - the learning rate, AdamW's corrections and the micro-batch's number lie in memory, where each
//     step's are uploaded with its batch (StepNumbers in feeder.h);
//   - numbers of tokens and sequences are arguments, grids follow from them, and which kernels
//   there
//     are from the longest sequence: they are the graph's key. Fillers (feeder.h) make the tokens
//     multiples of 64, and the longest is one of three bounds, so that keys come again.
#pragma once

#include <compare>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>

#include "tensor/graph.h"

namespace lathe {

class StepGraphs {
 public:
  // Everything that the arguments of a micro-batch's kernels follow from, beside addresses.
  struct Key {
    int64_t tokens, longest, sequences;  // as fed
    int64_t examples;                    // over which the loss is a mean
    bool accumulates;  // whether its loss is added to that of micro-batches before it
    bool updates;      // whether the optimizer's update is part of the work
    auto operator<=>(const Key&) const = default;  // NOLINT(modernize-use-nullptr): none is there
  };

  // With null nothing is captured. The device must outlive this.
  explicit StepGraphs(Device* device) : device_(device) {}

  // Has the device do what `ask` asks it for. When a key comes for the first time that happens as
  // ever: it loads kernels and lets cublasLt choose, which is nothing to capture, and keys that
  // never come again cost no more. When it comes again, the work is captured; from then on it is
  // one launch. So it is for 64 keys; the work of others goes on as ever. The work must follow from
  // the key and from the content of the device's memory. Error when it cannot be captured.
  void run(const Key& key, const std::function<void()>& ask);

 private:
  // Of graphs, which take memory of the host and of the device. MRPC's pairs in batches of 32 make
  // ten. Where there are more keys, those that come often come twice first.
  static constexpr int kMost = 64;

  Device* device_;
  std::map<Key, std::unique_ptr<Graph>> graphs_;  // null: captured when the key comes again
  int captured_ = 0;
};

}  // namespace lathe
