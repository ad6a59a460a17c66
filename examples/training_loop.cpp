// The training loop of the Hugging Face course (chapter 3, "A full training"), in C++.
//   training_loop CHECKPOINT TRAIN_FILE VALIDATION_FILE OUTPUT_DIRECTORY
#include <algorithm>
#include <cstdio>

#include "base/error.h"
#include "base/file.h"
#include "nn/pretrained.h"
#include "train/adamw.h"
#include "train/batch_loss.h"
#include "train/glue.h"
#include "train/predictions.h"
#include "train/schedule.h"
#include "train/task.h"

using namespace lathe;

void fine_tune(const std::string& checkpoint, const std::string& train_file,
               const std::string& validation_file, const std::string& output) {
  // Data: which columns are the text, what the labels are called, and the token ids.
  const Tokenizer tokenizer = Tokenizer::load(checkpoint);
  const Table train_table = read_table(train_file), validation_table = read_table(validation_file);
  const Task task = decide_task(train_table, {}, {});
  const Examples train = encode_examples(train_table, task, tokenizer, 128, true);
  const Examples validation = encode_examples(validation_table, task, tokenizer, 128, true);

  // Model: the pretrained encoder under a new head.
  BertConfig config = read_config(checkpoint + "/config.json");
  config.labels = task.labels.names();
  config.problem_type = task.problem_type;
  BertForSequenceClassification model(config);
  load_pretrained(checkpoint, model, /*seed=*/42, /*ignore_mismatched_sizes=*/false);
  model.parameters().allocate_gradients();

  const int64_t epochs = 3, batch_size = std::min<int64_t>(8, train.size());
  const int64_t steps = epochs * ((train.size() + batch_size - 1) / batch_size);
  AdamW optimizer(model.parameters(), {.weight_decay = 0.01});
  const Schedule schedule(SchedulerType::kLinear, 5e-5, /*warmup_steps=*/0, steps);
  const int64_t tokens = largest_batch_tokens(train.tokens, batch_size);
  Arena arena(std::max(model.activation_bytes(tokens, batch_size, /*training=*/true),
                       prediction_bytes(model, validation, batch_size)));
  Context context{.kernels = cpu_kernels(), .arena = arena, .seed = 42};

  for (int64_t epoch = 0; epoch < epochs; ++epoch) {
    for (const Batch& batch :
         training_epoch(train, SamplingStrategy::kRandom, batch_size, 42, epoch)) {
      const Arena::Scope step_memory(arena);
      BertForSequenceClassification::Saved saved;
      const Tensor logits = model.forward(context, batch.input(), &saved);
      const double scale = 1.0 / static_cast<double>(batch.size());  // of a mean
      const BatchLoss loss = batch_loss(context, task.problem_type, logits, batch.targets(), scale);
      model.backward(context, batch.input(), loss.dlogits, saved);
      optimizer.step(context, schedule.rate(optimizer.steps()), /*max_grad_norm=*/1.0);
      ++context.step;  // other dropout masks
    }
    const Predictions answers = predict(context, model, task.problem_type, validation, batch_size);
    std::printf("epoch %lld: loss %.4f", static_cast<long long>(epoch) + 1, answers.mean_loss());
    for (const auto& [name, value] :
         compute_metrics(nullptr, task.problem_type, answers, validation.targets)) {
      std::printf(", %s %.4f", name.c_str(), value);
    }
    std::printf("\n");
  }
  make_writable_directory(output);
  save_pretrained(model, output);
  tokenizer.save(output);
}

int main(int argc, char** argv) {
  try {
    if (argc != 5) fail("usage: training_loop CHECKPOINT TRAIN_FILE VALIDATION_FILE OUTPUT");
    fine_tune(argv[1], argv[2], argv[3], argv[4]);
  } catch (const std::exception& error) {
    std::fprintf(stderr, "training_loop: %s\n", error.what());
    return 1;
  }
}
