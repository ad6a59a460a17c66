// lathe evaluate: the metrics of a fine-tuned model on a labelled file.

#include <cstdio>

#include "base/file.h"
#include "train/cli/commands.h"
#include "train/cli/common.h"
#include "train/results.h"

namespace lathe {

void evaluate_command(const Arguments& arguments) {
  CommonOptions common;
  std::string validation_file;
  std::optional<std::string> output_dir;
  std::optional<int64_t> max_eval_samples;
  int64_t batch_size = 8;
  Options options("evaluate", "Measures a fine-tuned model on a file of labelled text.");
  add_model_option(options, common);
  options.required(
      "validation_file", validation_file,
      "Labelled .csv, .tsv, .json, .jsonl, .txt or .arrow, or a directory of save_to_disk");
  options.add("output_dir", output_dir, "Write eval_results.json and all_results.json there");
  options.add("show_worst", common.show_worst,
              "List so many of the most confused examples, highest loss first");
  add_data_options(options, common);
  options.add("max_eval_samples", max_eval_samples, "Only the first so many examples");
  add_device_options(options, common);
  options.add("per_device_eval_batch_size", batch_size, "Examples in a batch");
  if (!options.parse(arguments)) return;

  choose_device(common);
  const TaskOptions asked = task_options(common);
  const FineTuned fine_tuned = load_fine_tuned(common);
  const BertConfig& config = fine_tuned.model->config();
  const Table table = read_examples(validation_file, asked.text_columns, max_eval_samples);
  const Task task = task_of_model(table, asked, config);
  if (output_dir) make_writable_directory(*output_dir);
  const std::optional<TokenCache> cache = token_cache(common);
  const Examples examples =
      encode_examples(table, task, fine_tuned.tokenizer, sequence_length(common, config),
                      /*labelled=*/true, cache ? &*cache : nullptr);
  std::printf("%s\n%s; %lld examples\n", device_line().c_str(), columns_line(task, true).c_str(),
              static_cast<long long>(examples.size()));
  Trainer trainer = inference_trainer(*fine_tuned.model, task.problem_type, batch_size, asked.glue);
  const Predictions predictions = trainer.predict(examples);
  Json::Object metrics = trainer.score(predictions, examples);
  metrics.emplace_back("eval_samples", examples.size());
  std::fputs(results_table("eval", metrics).c_str(), stdout);
  print_worst(table, task, examples, predictions, common.show_worst);
  if (output_dir) save_results(*output_dir, "eval", metrics);
}

}  // namespace lathe
