// lathe train: fine-tunes a checkpoint on a file of labelled text, evaluates it, predicts, and
// writes a checkpoint that Transformers loads.

#include <cstdio>
#include <filesystem>

#include "base/error.h"
#include "base/file.h"
#include "train/checkpoint.h"
#include "train/cli/commands.h"
#include "train/cli/common.h"
#include "train/cli/interrupt.h"
#include "train/cli/training_options.h"
#include "train/communicator.h"
#include "train/launched.h"
#include "train/memory_plan.h"
#include "train/model_card.h"
#include "train/nccl.h"
#include "train/progress.h"
#include "train/results.h"

namespace lathe {

namespace {

// A file's rows, encoded.
struct Split {
  Table table;
  Examples examples;
};

struct Splits {
  Task task;
  Split train;
  std::optional<Split> validation, test;
};

Split encode_split(Table table, const Task& task, const Tokenizer& tokenizer, int64_t max_length,
                   const TokenCache* cache) {
  Split split{std::move(table), {}};
  const Column* labels = split.table.find(task.label_column);
  const bool labelled = labels != nullptr && !LabelNames::all_missing(*labels);
  split.examples = encode_examples(split.table, task, tokenizer, max_length, labelled, cache);
  return split;
}

// The model's config with the labels that were found.
BertConfig config_for(const Task& task, BertConfig config) {
  config.labels = task.labels.names();
  config.problem_type = task.problem_type;
  return config;
}

Splits load_splits(const TrainOptions& options, const BertConfig& config,
                   const Tokenizer& tokenizer) {
  const TaskOptions asked = task_options(options.common);
  const int64_t max_length = sequence_length(options.common, config);
  const std::optional<TokenCache> kept = token_cache(options.common);
  const TokenCache* cache = kept ? &*kept : nullptr;
  Splits splits;
  const auto load = [&](const std::string& path, const char* split,
                        const std::vector<std::string>& text_columns,
                        const std::optional<int64_t>& limit) {
    return load_rows(path, split, options.common, text_columns, limit);
  };
  splits.train.table =
      load(options.train_file, "train", asked.text_columns, options.max_train_samples);
  splits.task = decide_task(splits.train.table, asked, config.problem_type);
  splits.train.examples = encode_examples(splits.train.table, splits.task, tokenizer, max_length,
                                          /*labelled=*/true, cache);
  if (options.validation_file) {
    splits.validation = encode_split(load(*options.validation_file, "validation",
                                          splits.task.text_columns, options.max_eval_samples),
                                     splits.task, tokenizer, max_length, cache);
    splits.validation->table.column(splits.task.label_column);  // an Error where it is missing
  }
  if (options.test_file) {
    splits.test = encode_split(
        load(*options.test_file, "test", splits.task.text_columns, options.max_predict_samples),
        splits.task, tokenizer, max_length, cache);
  }
  tokenizer.forget_caches();  // everything is encoded
  return splits;
}

void print_splits(const Splits& splits) {
  std::printf("%s; %s\ntrain: %lld examples", columns_line(splits.task, true).c_str(),
              std::string(name_of(splits.task.problem_type)).c_str(),
              static_cast<long long>(splits.train.examples.size()));
  if (splits.validation)
    std::printf(", validation: %lld", static_cast<long long>(splits.validation->examples.size()));
  if (splits.test)
    std::printf(", test: %lld", static_cast<long long>(splits.test->examples.size()));
  std::printf("; mean length %.1f tokens%s\n",
              static_cast<double>(splits.train.examples.tokens.tokens()) /
                  static_cast<double>(splits.train.examples.size()),
              splits.train.examples.from_cache ? " (from the cache)" : "");
}

void print_plan(BertForSequenceClassification& model, const TrainingArguments& arguments,
                const Examples& train) {
  const TrainingPlan plan = plan_training(arguments, train.size());
  const int64_t tokens = largest_step_tokens(arguments, model.parameters().device(), train.tokens);
  const int64_t sequences = std::min(arguments.per_device_train_batch_size, train.size());
  const int64_t batch_size = arguments.per_device_train_batch_size * arguments.batches_per_update();
  std::printf(
      "%s\n%s\n%lld steps in %lld epochs, batch size %lld\n",
      device_line(model.parameters().device(), arguments.bf16, arguments.gemm_kind()).c_str(),
      memory_line(plan_memory(model, tokens, sequences, precision_of(arguments))).c_str(),
      static_cast<long long>(plan.max_steps), static_cast<long long>(plan.epochs),
      static_cast<long long>(batch_size));
  std::fflush(stdout);
}

// "true" means the newest checkpoint in the output directory.
void resolve_resume(TrainingArguments& arguments, bool prints) {
  const std::vector<std::string> checkpoints = checkpoints_in(arguments.output_dir);
  std::string& resume = arguments.resume_from_checkpoint;
  if (resume == "false" || resume == "False") resume.clear();
  if (resume == "true" || resume == "True") {
    if (checkpoints.empty())
      fail("--resume_from_checkpoint: ", arguments.output_dir, " holds no checkpoint-N");
    resume = checkpoints.back();
  }
  if (!prints) return;
  if (!resume.empty()) {
    std::printf("continuing from %s\n", resume.c_str());
  } else if (!checkpoints.empty()) {
    std::printf(
        "%s holds %s of an earlier run; this run starts afresh (to continue: "
        "--resume_from_checkpoint)\n",
        arguments.output_dir.c_str(), std::filesystem::path(checkpoints.back()).filename().c_str());
  }
}

Json::Object with_samples(Json::Object metrics, const std::string& split, int64_t samples) {
  metrics.emplace_back(split + "_samples", samples);
  return metrics;
}

void report(const std::string& output_dir, const std::string& split, const Json::Object& metrics) {
  std::fputs(results_table(split, metrics).c_str(), stdout);
  save_results(output_dir, split, metrics);
}

// All ranks compute the answers; the first alone reports them.
Json::Object evaluate(Trainer& trainer, const Splits& splits, int64_t show_worst, bool reports) {
  const Split& split = *splits.validation;
  const Predictions predictions = trainer.predict(split.examples);
  if (!reports) return {};
  Json::Object metrics =
      with_samples(trainer.score(predictions, split.examples), "eval", split.examples.size());
  report(trainer.arguments().output_dir, "eval", metrics);
  print_worst(split.table, splits.task, split.examples, predictions, show_worst);
  return metrics;
}

void predict_test(Trainer& trainer, const Splits& splits, bool reports) {
  const Split& split = *splits.test;
  const Predictions predictions = trainer.predict(split.examples);
  if (!reports) return;
  const std::string path = trainer.arguments().output_dir + "/predict_results.jsonl";
  write_predictions(path, predictions, splits.task.problem_type, splits.task.labels.names());
  std::printf("%lld predictions in %s\n", static_cast<long long>(predictions.size()), path.c_str());
  if (!split.examples.labelled()) return;
  report(trainer.arguments().output_dir, "predict",
         with_samples(trainer.score(predictions, split.examples, "predict"), "predict",
                      split.examples.size()));
}

std::string last_component(const std::string& path) {
  const std::filesystem::path normal = std::filesystem::absolute(path).lexically_normal();
  return (normal.has_filename() ? normal : normal.parent_path()).filename().string();
}

void write_card(const TrainOptions& options, const Splits& splits, const Trainer& trainer,
                int64_t max_length, const Json::Object& eval_results) {
  const ModelCard card{.model_name = last_component(options.arguments.output_dir),
                       .base_model = last_component(options.common.model_name_or_path),
                       .train_file = last_component(options.train_file),
                       .task_name = options.common.task_name.value_or(""),
                       .labels = splits.task.labels.names(),
                       .problem_type = splits.task.problem_type,
                       .max_seq_length = max_length,
                       .eval_results = eval_results};
  write_file(options.arguments.output_dir + "/README.md",
             model_card_text(card, trainer.arguments(), trainer.state()));
}

// What ranks train with; the threads of one process share it.
struct Job {
  TrainOptions options;
  BertConfig config;
  Tokenizer tokenizer;
  Splits splits;
};

// With a communicator of processes, the first makes the tokens and the others find them in the
// cache.
Splits load_splits_of_rank(const TrainOptions& options, const BertConfig& config,
                           const Tokenizer& tokenizer, Communicator& processes) {
  const bool in_turn = token_cache(options.common).has_value();
  if (in_turn && processes.rank() != 0) processes.barrier();
  Splits splits = load_splits(options, config, tokenizer);
  if (in_turn && processes.rank() == 0) processes.barrier();
  return splits;
}

// Nothing when only help was asked for.
std::optional<Job> prepare(const Arguments& command_line, Communicator& processes) {
  TrainOptions options;
  if (!parse_train_options(command_line, options)) return std::nullopt;
  TrainingArguments& arguments = options.arguments;
  if (processes.size() > 1) {
    const int64_t asked = options.num_processes.value_or(processes.size());
    arguments.num_processes = processes.size();
    if (asked != processes.size()) {
      fail("--num_processes ", asked, ": the launcher started ", processes.size(),
           " processes; leave the option out");
    }
  }
  check_arguments(arguments);
  check_device(arguments, choose_device(options.common, processes.local_rank()));
  BertConfig config = load_config(options.common.model_name_or_path);
  apply_overrides(config, options.config_overrides);
  Tokenizer tokenizer = load_tokenizer(options.common.model_name_or_path, config);
  Splits splits = load_splits_of_rank(options, config, tokenizer, processes);
  make_writable_directory(arguments.output_dir);
  resolve_resume(arguments, processes.rank() == 0);
  return Job{std::move(options), std::move(config), std::move(tokenizer), std::move(splits)};
}

// What one rank does, with a model of its own. The first alone prints and writes.
void train_rank(const Job& job, Communicator& host, bool launched) {
  const auto& [options, config, tokenizer, splits] = job;
  const TrainingArguments& arguments = options.arguments;
  const bool first = host.rank() == 0;
  Device& device = device_of_rank(options.common, host.local_rank());
  const std::unique_ptr<Communicator> gpus = nccl_communicator(host, device);
  Communicator& communicator = gpus ? *gpus : host;
  BertForSequenceClassification model(config_for(splits.task, config));
  const LoadReport loaded = load_pretrained(options.common.model_name_or_path, model,
                                            arguments.seed, options.ignore_mismatched_sizes);
  model.parameters().move_to(device);
  if (first) {
    const std::string warning = new_weights_warning(loaded, options.common.model_name_or_path);
    if (!warning.empty()) std::printf("%s\n", warning.c_str());
    print_splits(splits);
    print_plan(model, arguments, splits.train.examples);
  }
  const GlueTask* glue = task_options(options.common).glue;
  const ProblemType type = splits.task.problem_type;
  Trainer trainer(
      model, &tokenizer, arguments,
      [glue, type](const Predictions& predictions, const Targets& targets) {
        return compute_metrics(glue, type, predictions, targets);
      },
      communicator);
  if (first) {
    // Launchers pass lines on. And they interrupt a run that lost a rank, which the communicator
    // tells better.
    trainer.add_callback(launched ? std::make_unique<LogLines>(stdout) : progress_for(stdout));
    if (!launched) trainer.add_callback(std::make_unique<InterruptCallback>());
  }
  const Json::Object trained = trainer.train(
      splits.train.examples, splits.validation ? &splits.validation->examples : nullptr);
  if (first) {
    save_pretrained(model, arguments.output_dir);
    tokenizer.save(arguments.output_dir);
    report(arguments.output_dir, "train",
           with_samples(trained, "train", splits.train.examples.size()));
  }
  Json::Object evaluated;
  if (splits.validation) evaluated = evaluate(trainer, splits, options.common.show_worst, first);
  if (splits.test) predict_test(trainer, splits, first);
  if (!first) return;
  write_json_file(arguments.output_dir + "/trainer_state.json", to_json(trainer.state()));
  write_card(options, splits, trainer, sequence_length(options.common, config), evaluated);
}

}  // namespace

void train_command(const Arguments& command_line) {
  if (launched_processes() > 1) {
    run_launched(
        [&](Communicator& communicator) {
          const std::optional<Job> job = prepare(command_line, communicator);
          if (job) train_rank(*job, communicator, /*launched=*/true);
        },
        interrupted);
    return;
  }
  const std::optional<Job> job = prepare(command_line, alone());
  if (!job) return;
  run_ranks(
      static_cast<int>(job->options.arguments.num_processes),
      [&](Communicator& communicator) { train_rank(*job, communicator, /*launched=*/false); });
}

}  // namespace lathe
