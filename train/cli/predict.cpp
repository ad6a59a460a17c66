// lathe predict: the answers of a fine-tuned model, a JSON object a line, in the order of the file.

#include <cstdio>
#include <filesystem>

#include "base/file.h"
#include "train/cli/commands.h"
#include "train/cli/common.h"

namespace lathe {

void predict_command(const Arguments& arguments) {
  CommonOptions common;
  std::string test_file, output_file;
  std::optional<int64_t> max_predict_samples;
  int64_t batch_size = 8;
  Options options("predict", "Answers every example of a file with a fine-tuned model.");
  add_model_option(options, common);
  options.required("test_file", test_file,
                   ".csv, .tsv, .json, .jsonl, .txt or .arrow, or a directory of save_to_disk; "
                   "labels are not read");
  options.required("output_file", output_file,
                   "JSON Lines: index, prediction, logits, probabilities");
  add_data_options(options, common);
  options.add("max_predict_samples", max_predict_samples, "Only the first so many examples");
  add_device_options(options, common);
  options.add("per_device_eval_batch_size", batch_size, "Examples in a batch");
  if (!options.parse(arguments)) return;

  choose_device(common);
  const TaskOptions asked = task_options(common);
  const FineTuned fine_tuned = load_fine_tuned(common);
  const BertConfig& config = fine_tuned.model->config();
  const Table table = read_examples(test_file, asked.text_columns, max_predict_samples);
  const Task task = task_of_model(table, asked, config);
  const std::string folder = std::filesystem::path(output_file).parent_path().string();
  make_writable_directory(folder.empty() ? "." : folder);
  const std::optional<TokenCache> cache = token_cache(common);
  const Examples examples =
      encode_examples(table, task, fine_tuned.tokenizer, sequence_length(common, config),
                      /*labelled=*/false, cache ? &*cache : nullptr);
  std::printf("%s\n%s; %lld examples\n", device_line().c_str(), columns_line(task, false).c_str(),
              static_cast<long long>(examples.size()));
  Trainer trainer = inference_trainer(*fine_tuned.model, task.problem_type, batch_size, asked.glue);
  const Predictions predictions = trainer.predict(examples);
  write_predictions(output_file, predictions, task.problem_type, task.labels.names());
  std::printf("%lld predictions in %s (%.1f samples/s)\n",
              static_cast<long long>(predictions.size()), output_file.c_str(),
              static_cast<double>(predictions.size()) / predictions.seconds);
}

}  // namespace lathe
