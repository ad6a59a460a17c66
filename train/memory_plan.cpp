#include "train/memory_plan.h"

#include <cstdio>

#include "base/error.h"
#include "train/feeder.h"

namespace lathe {

namespace {

double mebibytes(int64_t bytes) { return static_cast<double>(bytes) / (1 << 20); }

std::string rounded(int64_t bytes) {
  char text[32];
  std::snprintf(text, sizeof text, "%.1f", mebibytes(bytes));
  return text;
}

}  // namespace

int64_t largest_step_tokens(const TrainingArguments& arguments, const Device& device,
                            const TokenizedDataset& tokens) {
  const int64_t largest = largest_batch_tokens(tokens, arguments.per_device_train_batch_size);
  return captures_steps(arguments, device) ? filled(largest) : largest;
}

MemoryPlan plan_memory(BertForSequenceClassification& model, int64_t tokens, int64_t sequences,
                       Precision precision) {
  const int64_t copy = model.parameters().bytes_per_copy();
  const int64_t rounded = precision == Precision::kBF16 ? model.parameters().rounded_bytes() : 0;
  return {copy + rounded, copy, 2 * copy,
          model.activation_bytes(tokens, sequences, /*training=*/true, precision)};
}

std::string memory_line(const MemoryPlan& plan) {
  return concat("memory: ", rounded(plan.total()), " MiB = parameters ", rounded(plan.parameters),
                " + gradients ", rounded(plan.gradients), " + AdamW ", rounded(plan.moments),
                " + activations ", rounded(plan.activations));
}

std::string memory_table(const MemoryPlan& plan) {
  const std::pair<const char*, int64_t> rows[] = {{"parameters", plan.parameters},
                                                  {"gradients", plan.gradients},
                                                  {"AdamW moments", plan.moments},
                                                  {"activations", plan.activations},
                                                  {"together", plan.total()}};
  std::string table;
  for (const auto& [name, bytes] : rows) {
    char line[64];
    std::snprintf(line, sizeof line, "  %-14s %9.1f MiB\n", name, mebibytes(bytes));
    table += line;
  }
  return table;
}

}  // namespace lathe
