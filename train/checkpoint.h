// Checkpoints of a training run: directories OUT/checkpoint-N from which it continues as if it had
// never stopped.
//
//   config.json, model.safetensors   the model
//   tokenizer.json, vocab.txt, …     the tokenizer: the directory is a model to predict with
//   optimizer.safetensors            AdamW's moments, "exp_avg.NAME" and "exp_avg_sq.NAME"
//   trainer_state.json               the step, the log, the best metric
//
// There is no state of random numbers: dropout, shuffling and new heads follow from the seed, the
// epoch and the step. A checkpoint is written under another name and renamed when it is complete,
// so every directory of that name is whole.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "nn/sequence_classifier.h"
#include "tokenize/tokenizer.h"
#include "train/adamw.h"
#include "train/state.h"

namespace lathe {

// OUT/checkpoint-N.
std::string checkpoint_path(const std::string& output_dir, int64_t step);

// The checkpoints in that directory, oldest step first; none where there is no such directory.
std::vector<std::string> checkpoints_in(const std::string& output_dir);

// Writes OUT/checkpoint-{state.global_step}, replacing an older one of that name. `tokenizer` may
// be null.
void save_checkpoint(const std::string& output_dir, const BertForSequenceClassification& model,
                     const Tokenizer* tokenizer, const AdamW& optimizer, const TrainerState& state);

// Reads model.safetensors into the model. Error naming the parameter that the file lacks or that
// has another shape.
void load_checkpoint_model(const std::string& checkpoint, BertForSequenceClassification& model);

// Reads optimizer.safetensors: the moments after `steps` updates. Errors likewise.
void load_checkpoint_optimizer(const std::string& checkpoint, AdamW& optimizer, int64_t steps);

// Removes the oldest checkpoints until `limit` are left, but neither the newest nor `best`.
void rotate_checkpoints(const std::string& output_dir, int64_t limit,
                        const std::optional<std::string>& best);

}  // namespace lathe
