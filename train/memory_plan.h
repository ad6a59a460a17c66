// What a run's large blocks of memory come to, known before it starts.
#pragma once

#include <cstdint>
#include <string>

#include "nn/sequence_classifier.h"
#include "train/arguments.h"
#include "train/batches.h"

namespace lathe {

// The tokens of the largest batch that training on that device computes with, fillers included.
int64_t largest_step_tokens(const TrainingArguments& arguments, const Device& device,
                            const TokenizedDataset& tokens);

struct MemoryPlan {  // bytes; parameters with their bfloat16s where activations are kept so
  int64_t parameters, gradients, moments, activations;
  int64_t total() const { return parameters + gradients + moments + activations; }
};

// Of training with AdamW on batches of up to so many tokens and sequences.
MemoryPlan plan_memory(BertForSequenceClassification& model, int64_t tokens, int64_t sequences,
                       Precision precision = Precision::kF32);

// "memory: 412 MiB = parameters 87 + gradients 87 + AdamW 173 + activations 65".
std::string memory_line(const MemoryPlan& plan);
// The same, a line each.
std::string memory_table(const MemoryPlan& plan);

}  // namespace lathe
