// What the subcommands share: the options that say which model and which data, and loading them.
#pragma once

#include <optional>
#include <string>

#include "nn/pretrained.h"
#include "tokenize/tokenizer.h"
#include "train/cli/options.h"
#include "train/cli/reading_options.h"
#include "train/task.h"
#include "train/trainer.h"

namespace lathe {

struct CommonOptions {
  std::string model_name_or_path;
  std::optional<int64_t> max_seq_length;
  std::optional<std::string> text_column_names;
  std::string label_column_name = "label";
  std::optional<std::string> task_name, problem_type;
  std::string device = "auto";
  bool bf16 = false;
  std::optional<int64_t> num_threads;
  int64_t show_worst = 0;
  std::string cache_dir = "default";
  bool overwrite_cache = false;
  ReadingOptions reading;
};

void add_model_option(Options& options, CommonOptions& common);
void add_data_options(Options& options, CommonOptions& common);
void add_device_options(Options& options, CommonOptions& common);

// Sets the number of threads and gives the device of that rank of this machine. Error, saying why,
// where --device asks for one that cannot be had.
Device& choose_device(const CommonOptions& common, int local_rank = 0);
// With --device cuda the GPU of that number, with auto the same where the machine has a GPU, else
// the processor. Error where there are fewer GPUs than ranks.
Device& device_of_rank(const CommonOptions& common, int local_rank);
// "device: cpu (avx512), 2 threads, bf16"; "device: cuda (NVIDIA H200), gemm by cublasLt".
std::string device_line(const Device& device, bool bf16, Gemm gemm = Gemm::kCublas);

TaskOptions task_options(const CommonOptions& common);

// The rows of `path`, of a directory those of `split`; `limit`: the first so many.
Table load_rows(const std::string& path, const std::string& split, const CommonOptions& common,
                const std::vector<std::string>& text_columns, std::optional<int64_t> limit);

// config.json of that directory. Error when it is not a directory.
BertConfig load_config(const std::string& directory);
// The checkpoint's tokenizer. Error when it gives ids that the model has no embedding for.
Tokenizer load_tokenizer(const std::string& directory, const BertConfig& config);

// --max_seq_length, by default 128 or as many positions as the model has. Error when that is more
// than it has.
int64_t sequence_length(const CommonOptions& common, const BertConfig& config);

// Where the tokens of this checkpoint are kept; nothing for --cache_dir none, or where there is no
// place for a cache.
std::optional<TokenCache> token_cache(const CommonOptions& common);

// "text columns: sentence1, sentence2 · label column: label".
std::string columns_line(const Task& task, bool labelled);

// The most confused examples on stdout, highest loss first.
void print_worst(const Table& table, const Task& task, const Examples& examples,
                 const Predictions& predictions, int64_t count);

}  // namespace lathe
