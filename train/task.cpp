#include "train/task.h"

#include <algorithm>

#include "base/error.h"
#include "base/file.h"
#include "base/hash.h"
#include "data/operations.h"

namespace lathe {

namespace {

bool has_text(const Table& table, std::string_view name) {
  const Column* column = table.find(name);
  return column != nullptr && is_text(column->type());
}

// Whole numbers may be classes or scores, and lists of numbers labels or scores: there the model's
// own problem decides. Everything else can be only one thing.
ProblemType problem_of_column(const Column& labels, std::optional<ProblemType> known) {
  const bool list = is_list(labels.type());
  const ColumnType type = list ? labels.elements().type() : labels.type();
  if (labels.labels() != nullptr) return ProblemType::kSingleLabel;
  if (known == ProblemType::kRegression && (is_integer(type) || (list && is_fraction(type)))) {
    return ProblemType::kRegression;
  }
  if (list) return ProblemType::kMultiLabel;
  return is_fraction(type) ? ProblemType::kRegression : ProblemType::kSingleLabel;
}

// GLUE's names for a column of GLUE's numbers or names; else the names in the column.
LabelNames choose_labels(const Column& column, const GlueTask* glue) {
  LabelNames found = LabelNames::from_column(column);
  if (glue == nullptr || glue->labels.empty() || column.labels() != nullptr) return found;
  const auto is_glue_name = [&](const std::string& name) {
    return std::find(glue->labels.begin(), glue->labels.end(), name) != glue->labels.end();
  };
  const bool numbers = is_integer(column.type()) && found.name(0) == "LABEL_0" &&
                       found.size() <= static_cast<int32_t>(glue->labels.size());
  const bool names = std::all_of(found.names().begin(), found.names().end(), is_glue_name);
  return numbers || names ? LabelNames(glue->labels) : found;
}

LabelNames regression_names(const Column& column) {
  std::vector<std::string> names;
  const int64_t columns = regression_targets(column).columns;
  for (int64_t i = 0; i < columns; ++i) names.push_back("LABEL_" + std::to_string(i));
  return LabelNames(std::move(names));
}

void tokenize_into(Examples& examples, const Table& table, const Task& task,
                   const Tokenizer& tokenizer, int64_t max_length, const TokenCache* cache) {
  const Column& first = table.column(task.text_columns[0]);
  const Column* second =
      task.text_columns.size() > 1 ? &table.column(task.text_columns[1]) : nullptr;
  const auto tokenize = [&] {
    return tokenize_columns(tokenizer, first, second, {.max_length = max_length});
  };
  if (cache == nullptr) {
    examples.tokens = tokenize();
    return;
  }
  Fingerprint fingerprint;
  fingerprint.add("tokens").add(kTokenizationVersion).add(cache->tokenizer).add(max_length);
  add_content(fingerprint, first);
  if (second != nullptr) add_content(fingerprint, *second);
  const DatasetCache::Result result = cache->cache.get(
      fingerprint.hex(), [&] { return tokenize().table(); }, cache->anew);
  if (!result.problem.empty() && cache->report) cache->report(result.problem);
  examples.tokens = TokenizedDataset(result.table);
  examples.from_cache = result.found;
}

}  // namespace

std::vector<std::string> choose_text_columns(const Table& table, const TaskOptions& options) {
  if (!options.text_columns.empty()) {
    for (const std::string& name : options.text_columns) table.column(name);
    return options.text_columns;
  }
  if (options.glue != nullptr && has_text(table, options.glue->first)) {
    std::vector<std::string> names{std::string(options.glue->first)};
    if (!options.glue->second.empty()) names.push_back(table.column(options.glue->second).name());
    return names;
  }
  if (has_text(table, "sentence1") && has_text(table, "sentence2"))
    return {"sentence1", "sentence2"};
  std::vector<std::string> names;
  for (const Column& column : table.columns()) {
    if (is_text(column.type()) && column.name() != options.label_column && names.size() < 2) {
      names.push_back(column.name());
    }
  }
  if (names.empty())
    fail(table.source(),
         ": no column of text besides the label; name one with --text_column_names");
  return names;
}

Task decide_task(const Table& table, const TaskOptions& options, std::optional<ProblemType> known) {
  if (options.problem_type && options.glue != nullptr &&
      *options.problem_type != options.glue->problem_type) {
    fail("--problem_type ", name_of(*options.problem_type), ": the task ", options.glue->name,
         " is ", name_of(options.glue->problem_type));
  }
  const Column& labels = table.column(options.label_column);
  Task task{choose_text_columns(table, options), options.label_column, {}, {}};
  if (options.problem_type) {
    task.problem_type = *options.problem_type;
  } else if (options.glue != nullptr) {
    task.problem_type = options.glue->problem_type;
  } else {
    task.problem_type = problem_of_column(labels, known);
  }
  task.labels = task.problem_type == ProblemType::kRegression ? regression_names(labels)
                                                              : choose_labels(labels, options.glue);
  if (task.problem_type == ProblemType::kSingleLabel && task.labels.size() == 1) {
    fail(labels.where(), ": every row has the label ", quoted(task.labels.name(0)),
         "; at least two labels are needed to learn from");
  }
  return task;
}

Task task_of_model(const Table& table, const TaskOptions& options, const BertConfig& config) {
  Task task{
      choose_text_columns(table, options), options.label_column, {}, LabelNames(config.labels)};
  const ProblemType by_shape =
      config.num_labels() == 1 ? ProblemType::kRegression : ProblemType::kSingleLabel;
  task.problem_type = options.problem_type.value_or(config.problem_type.value_or(by_shape));
  return task;
}

Table read_examples(const std::string& path, const std::vector<std::string>& text_columns,
                    std::optional<int64_t> limit, ReadOptions options) {
  for (const std::string& name : text_columns) options.types.emplace_back(name, ColumnType::kUtf8);
  Table table = read_table(path, options);
  if (!limit || *limit >= table.rows()) return table;
  return slice(table, 0, *limit);
}

std::string fingerprint_of_tokenizer(const std::string& directory) {
  Fingerprint fingerprint;
  for (const char* name : {"tokenizer.json", "vocab.txt", "tokenizer_config.json",
                           "special_tokens_map.json", "added_tokens.json"}) {
    const std::string path = directory + "/" + name;
    if (file_exists(path)) fingerprint.add(name).add(MappedFile(path).bytes());
  }
  return fingerprint.hex();
}

Examples encode_examples(const Table& table, const Task& task, const Tokenizer& tokenizer,
                         int64_t max_length, bool labelled, const TokenCache* cache) {
  Examples examples;
  tokenize_into(examples, table, task, tokenizer, max_length, cache);
  if (!labelled) return examples;
  const Column& labels = table.column(task.label_column);
  switch (task.problem_type) {
    case ProblemType::kSingleLabel:
      examples.targets = class_targets(labels, task.labels);
      break;
    case ProblemType::kMultiLabel:
      examples.targets = multi_label_targets(labels, task.labels);
      break;
    case ProblemType::kRegression:
      examples.targets = regression_targets(labels);
      break;
  }
  return examples;
}

std::string text_of(const Table& table, const Task& task, int64_t row) {
  std::string text(table.column(task.text_columns[0]).text(row));
  if (task.text_columns.size() > 1)
    text.append(" | ").append(table.column(task.text_columns[1]).text(row));
  return text;
}

}  // namespace lathe
