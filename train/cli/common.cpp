#include "train/cli/common.h"

#include <omp.h>
#include <sys/stat.h>

#include <algorithm>
#include <cstdio>

#include "base/error.h"
#include "train/worst.h"

namespace lathe {

namespace {

constexpr int64_t kDefaultSequenceLength = 128;

}  // namespace

void add_model_option(Options& options, CommonOptions& common) {
  options.required("model_name_or_path", common.model_name_or_path,
                   "Directory with config.json, model.safetensors and tokenizer.json or vocab.txt");
}

void add_data_options(Options& options, CommonOptions& common) {
  options.group("Data");
  options.add("max_seq_length", common.max_seq_length,
              "Longer texts are truncated to so many tokens [128, or the model's positions]");
  options.add("text_column_names", common.text_column_names,
              "One or two columns, a,b [sentence1,sentence2; else the first one or two of text]");
  options.add("label_column_name", common.label_column_name, "Column of the labels");
  options.add(
      "task_name", common.task_name,
      "GLUE task (cola mnli mrpc qnli qqp rte sst2 stsb wnli): columns, labels and metrics");
  options.add(
      "problem_type", common.problem_type,
      "single_label_classification, multi_label_classification or regression [by the labels]");
  options.add("cache_dir", common.cache_dir,
              "Where tokens are kept for the next run: a directory, none, or default "
              "($LATHE_CACHE_DIR, else lathe in the user's cache)");
  options.flag("overwrite_cache", common.overwrite_cache, "Make the tokens that are kept anew");
  add_reading_options(options, common.reading);
  options.group("Data");
}

std::optional<TokenCache> token_cache(const CommonOptions& common) {
  if (common.cache_dir == "none") return std::nullopt;
  const std::string directory =
      common.cache_dir == "default" ? DatasetCache::default_directory() : common.cache_dir;
  if (directory.empty()) return std::nullopt;
  return TokenCache{DatasetCache(directory), fingerprint_of_tokenizer(common.model_name_or_path),
                    common.overwrite_cache, [](const std::string& problem) {
                      std::printf("the tokens could not be kept: %s\n", problem.c_str());
                    }};
}

void add_device_options(Options& options, CommonOptions& common) {
  options.group("Machine");
  options.add("device", common.device, "auto (a GPU where there is one), cpu or cuda");
  options.flag(
      "bf16", common.bf16,
      "Keep activations and multiply in bfloat16: over twice as fast on processors made for it");
  options.add("num_threads", common.num_threads,
              "Threads; the results do not depend on it [all cores]");
}

Device& choose_device(const CommonOptions& common, int local_rank) {
  if (common.device != "cpu" && common.device != "cuda" && common.device != "auto")
    fail("--device ", common.device, ": must be auto, cpu or cuda");
  if (common.device == "cuda" && why_no_cuda() != nullptr)
    fail("--device cuda: ", why_no_cuda(), "; use --device cpu or auto");
  if (common.num_threads) {
    if (*common.num_threads < 1 || *common.num_threads > 1024) {
      fail("--num_threads ", *common.num_threads, ": must be in 1 to 1024");
    }
    omp_set_num_threads(static_cast<int>(*common.num_threads));
  }
  Device& device = device_of_rank(common, local_rank);
  if (const char* op = missing_op(device.kernels()))
    fail("the ", device.kernels().name, " backend lacks the op ", op);
  return device;
}

Device& device_of_rank(const CommonOptions& common, int local_rank) {
  if (common.device == "cpu" || cuda_device_count() == 0) return host_device();
  Device* gpu = cuda_device(local_rank);
  if (gpu == nullptr) {
    fail("each process needs a GPU of its own, and here ",
         cuda_device_count() == 1 ? "is 1" : concat("are ", cuda_device_count()),
         "; use fewer processes, or --device cpu");
  }
  return *gpu;
}

std::string device_line(const Device& device, bool bf16, Gemm gemm) {
  const std::string line = "device: " + device.description();
  const char* const precision = bf16 ? ", bf16" : "";
  if (!device.is_host()) return concat(line, precision, ", ", device.kernels(gemm).name);
  const int threads = omp_get_max_threads();
  return concat(line, ", ", threads, threads == 1 ? " thread" : " threads", precision);
}

TaskOptions task_options(const CommonOptions& common) {
  TaskOptions options;
  if (common.task_name) options.glue = &glue_task_named(*common.task_name);
  if (common.problem_type) options.problem_type = problem_type_named(*common.problem_type);
  options.label_column = common.label_column_name;
  if (common.text_column_names) {
    options.text_columns = split_at_commas(*common.text_column_names);
    if (options.text_columns.size() > 2) {
      fail("--text_column_names ", *common.text_column_names, ": names ",
           options.text_columns.size(), " columns; BERT reads one text or a pair");
    }
  }
  return options;
}

Table load_rows(const std::string& path, const std::string& split, const CommonOptions& common,
                const std::vector<std::string>& text_columns, std::optional<int64_t> limit) {
  ReadOptions options = read_options(common.reading);
  options.split = split;
  return read_examples(path, text_columns, limit, std::move(options));
}

BertConfig load_config(const std::string& directory) {
  struct stat status {};
  if (stat(directory.c_str(), &status) != 0 || !S_ISDIR(status.st_mode)) {
    fail("--model_name_or_path ", directory,
         ": no such directory; Lathe reads checkpoints from disk (config.json, model.safetensors, "
         "vocab.txt)");
  }
  return read_config(directory + "/config.json");
}

Tokenizer load_tokenizer(const std::string& directory, const BertConfig& config) {
  Tokenizer tokenizer = Tokenizer::load(directory);
  if (tokenizer.vocabulary_size() > config.vocab_size) {
    fail(directory, ": the tokenizer has ", tokenizer.vocabulary_size(),
         " tokens, config.json's vocab_size is ", config.vocab_size);
  }
  return tokenizer;
}

int64_t sequence_length(const CommonOptions& common, const BertConfig& config) {
  const int64_t positions = config.max_position_embeddings;
  const int64_t length =
      common.max_seq_length.value_or(std::min(kDefaultSequenceLength, positions));
  if (length > positions) {
    fail("--max_seq_length ", length, ": the model has ", positions,
         " positions (max_position_embeddings)");
  }
  if (length < 1) fail("--max_seq_length ", length, ": must be at least 1");
  return length;
}

std::string columns_line(const Task& task, bool labelled) {
  std::string line = "text: " + task.text_columns[0];
  if (task.text_columns.size() > 1) line += ", " + task.text_columns[1];
  return labelled ? line + "; label: " + task.label_column : line;
}

void print_worst(const Table& table, const Task& task, const Examples& examples,
                 const Predictions& predictions, int64_t count) {
  if (count <= 0) return;
  std::printf("\nmost confused examples, highest loss first:\n");
  for (const int64_t row : worst_examples(predictions, count)) {
    std::printf(
        "  row %lld  %s\n    %s\n", static_cast<long long>(row) + 1,
        describe_mistake(predictions, examples.targets, task.problem_type, task.labels.names(), row)
            .c_str(),
        text_of(table, task, row).c_str());
  }
}

}  // namespace lathe
