#include "train/cli/inference.h"

#include <cstdio>
#include <utility>

#include "base/error.h"
#include "base/file.h"
#include "train/cli/interrupt.h"
#include "train/progress.h"

namespace lathe {

namespace {

// A fine-tuned model with its tokenizer.
struct FineTuned {
  std::unique_ptr<BertForSequenceClassification> model;
  Tokenizer tokenizer;
};

FineTuned load_fine_tuned(const CommonOptions& common) {
  const std::string& directory = common.model_name_or_path;
  const BertConfig config = load_config(directory);
  FineTuned result{nullptr, load_tokenizer(directory, config)};
  result.model = std::make_unique<BertForSequenceClassification>(config);
  const LoadReport report =
      load_pretrained(directory, *result.model, /*seed=*/0, /*ignore_mismatched_sizes=*/false);
  if (!report.missing.empty()) {
    fail(directory, "/model.safetensors: the parameter ", report.missing.front(),
         " is missing, so this model has not been fine-tuned; `lathe train` does that");
  }
  return result;
}

}  // namespace

Inference prepare_inference(const CommonOptions& common, const std::string& file,
                            const std::optional<int64_t>& most, bool labelled,
                            const std::optional<std::string>& output_directory) {
  Device& device = choose_device(common);
  const TaskOptions asked = task_options(common);
  FineTuned fine_tuned = load_fine_tuned(common);
  const BertConfig& config = fine_tuned.model->config();
  Table table = load_rows(file, labelled ? "validation" : "test", common, asked.text_columns, most);
  Task task = task_of_model(table, asked, config);
  if (output_directory) make_writable_directory(*output_directory);
  const std::optional<TokenCache> cache = token_cache(common);
  Examples examples =
      encode_examples(table, task, fine_tuned.tokenizer, sequence_length(common, config), labelled,
                      cache ? &*cache : nullptr);
  std::printf("%s\n%s; %lld examples\n", device_line(device, common.bf16).c_str(),
              columns_line(task, labelled).c_str(), static_cast<long long>(examples.size()));
  fine_tuned.model->parameters().move_to(device);
  return {std::move(fine_tuned.model), std::move(table), std::move(task), std::move(examples)};
}

Trainer inference_trainer(Inference& inference, const CommonOptions& common, int64_t batch_size) {
  const GlueTask* task = task_options(common).glue;
  const ProblemType type = inference.task.problem_type;
  TrainingArguments arguments;
  arguments.per_device_eval_batch_size = batch_size;
  arguments.bf16 = common.bf16;
  Trainer trainer(*inference.model, nullptr, arguments,
                  [task, type](const Predictions& predictions, const Targets& targets) {
                    return compute_metrics(task, type, predictions, targets);
                  });
  trainer.add_callback(progress_for(stdout));
  trainer.add_callback(std::make_unique<InterruptCallback>());
  return trainer;
}

}  // namespace lathe
