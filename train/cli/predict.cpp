// lathe predict: the answers of a fine-tuned model, a JSON object a line, in the order of the file.

#include <cstdio>
#include <filesystem>

#include "train/cli/commands.h"
#include "train/cli/inference.h"

namespace lathe {

void predict_command(const Arguments& arguments) {
  CommonOptions common;
  std::string test_file, output_file;
  std::optional<int64_t> max_predict_samples;
  int64_t batch_size = 8;
  Options options("predict", "Answers every example of a file with a fine-tuned model.");
  add_model_option(options, common);
  options.required(
      "test_file", test_file,
      ".csv, .tsv, .json, .jsonl, .txt (also .gz, .zst) or .arrow; a pattern; a directory; "
      "labels are not read");
  options.required("output_file", output_file,
                   "JSON Lines: index, prediction, logits, probabilities");
  add_data_options(options, common);
  options.add("max_predict_samples", max_predict_samples, "Only the first so many examples");
  add_device_options(options, common);
  options.add("per_device_eval_batch_size", batch_size, "Examples in a batch");
  if (!options.parse(arguments)) return;

  const std::string folder = std::filesystem::path(output_file).parent_path().string();
  Inference inference = prepare_inference(common, test_file, max_predict_samples,
                                          /*labelled=*/false, folder.empty() ? "." : folder);
  Trainer trainer = inference_trainer(inference, common, batch_size);
  const Predictions predictions = trainer.predict(inference.examples);
  write_predictions(output_file, predictions, inference.task.problem_type,
                    inference.task.labels.names());
  std::printf("%lld predictions in %s (%.1f samples/s)\n",
              static_cast<long long>(predictions.size()), output_file.c_str(),
              static_cast<double>(predictions.size()) / predictions.seconds);
}

}  // namespace lathe
