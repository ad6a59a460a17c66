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
  const std::span<const int32_t> ids = dataset.input_ids(example);
  const std::span<const uint8_t> types = dataset.token_type_ids(example);
  batch.input_ids.insert(batch.input_ids.end(), ids.begin(), ids.end());
  batch.token_type_ids.insert(batch.token_type_ids.end(), types.begin(), types.end());
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
