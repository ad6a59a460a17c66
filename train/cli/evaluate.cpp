// lathe evaluate: the metrics of a fine-tuned model on a labelled file.

#include <cstdio>

#include "train/cli/commands.h"
#include "train/cli/inference.h"
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
      "Labelled .csv, .tsv, .json, .jsonl (also .gz, .zst) or .arrow; a pattern; a directory");
  options.add("output_dir", output_dir, "Write eval_results.json and all_results.json there");
  options.add("show_worst", common.show_worst,
              "List so many of the most confused examples, highest loss first");
  add_data_options(options, common);
  options.add("max_eval_samples", max_eval_samples, "Only the first so many examples");
  add_device_options(options, common);
  options.add("per_device_eval_batch_size", batch_size, "Examples in a batch");
  if (!options.parse(arguments)) return;

  Inference inference = prepare_inference(common, validation_file, max_eval_samples,
                                          /*labelled=*/true, output_dir);
  Trainer trainer = inference_trainer(inference, common, batch_size);
  const Predictions predictions = trainer.predict(inference.examples);
  Json::Object metrics = trainer.score(predictions, inference.examples);
  metrics.emplace_back("eval_samples", inference.examples.size());
  std::fputs(results_table("eval", metrics).c_str(), stdout);
  print_worst(inference.table, inference.task, inference.examples, predictions, common.show_worst);
  if (output_dir) save_results(*output_dir, "eval", metrics);
}

}  // namespace lathe
