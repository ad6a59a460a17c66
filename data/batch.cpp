#include "data/batch.h"

#include <algorithm>
#include <cstddef>
#include <numeric>

#include "base/error.h"

namespace lathe {

namespace {

void check_examples(const TokenizedDataset& dataset, const Targets* targets,
                    std::span<const int64_t> examples) {
  for (const int64_t example : examples) {
    if (example < 0 || example >= dataset.size()) {
      fail("no example ", example, ": the dataset has ", dataset.size());
    }
  }
  if (targets == nullptr) return;
  const auto size = static_cast<std::size_t>(dataset.size());
  const auto columns = static_cast<std::size_t>(targets->columns);
  if (!targets->classes.empty() && targets->classes.size() != size) {
    fail(targets->classes.size(), " labels for ", size, " examples");
  }
  if (!targets->values.empty() && targets->values.size() != size * columns) {
    fail(targets->values.size(), " target values for ", size, " examples of ", columns);
  }
}

void append_tokens(const TokenizedDataset& dataset, int64_t example, PackedBatch& batch) {
  const auto row = static_cast<std::size_t>(example);
  const std::ptrdiff_t begin = dataset.offsets[row];
  const std::ptrdiff_t end = dataset.offsets[row + 1];
  batch.input_ids.insert(batch.input_ids.end(), dataset.input_ids.begin() + begin,
                         dataset.input_ids.begin() + end);
  batch.token_type_ids.insert(batch.token_type_ids.end(), dataset.token_type_ids.begin() + begin,
                              dataset.token_type_ids.begin() + end);
  const std::size_t tokens_before = batch.position_ids.size();
  batch.position_ids.resize(batch.input_ids.size());
  std::iota(batch.position_ids.begin() + static_cast<std::ptrdiff_t>(tokens_before),
            batch.position_ids.end(), 0);
  batch.offsets.push_back(static_cast<int32_t>(batch.input_ids.size()));
}

void append_targets(const Targets& targets, int64_t example, PackedBatch& batch) {
  if (!targets.classes.empty()) {
    batch.classes.push_back(targets.classes[static_cast<std::size_t>(example)]);
  }
  if (!targets.values.empty()) {
    const auto first = targets.values.begin() + example * targets.columns;
    batch.values.insert(batch.values.end(), first, first + targets.columns);
  }
}

}  // namespace

PackedBatch pack(const TokenizedDataset& dataset, const Targets* targets,
                 std::span<const int64_t> examples) {
  check_examples(dataset, targets, examples);
  PackedBatch batch;
  batch.examples.assign(examples.begin(), examples.end());
  for (const int64_t example : examples) {
    append_tokens(dataset, example, batch);
    if (targets != nullptr) append_targets(*targets, example, batch);
  }
  return batch;
}

}  // namespace lathe
