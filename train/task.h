// From files to examples: which columns are the text and the label, what kind of problem it is, and
// the labels' names, decided as run_glue.py decides.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "data/cache.h"
#include "data/labels.h"
#include "data/reader.h"
#include "nn/config.h"
#include "tokenize/tokenizer.h"
#include "train/batches.h"
#include "train/glue.h"

namespace lathe {

// What a user may say about the data; empty: to be decided.
struct TaskOptions {
  const GlueTask* glue = nullptr;
  std::vector<std::string> text_columns;  // one or two
  std::string label_column = "label";
  std::optional<ProblemType> problem_type;
};

// What has been decided. The same for every file of a run.
struct Task {
  std::vector<std::string> text_columns;  // one or two
  std::string label_column;
  ProblemType problem_type = ProblemType::kSingleLabel;
  LabelNames labels;  // one LABEL_i a column for regression
};

// Text columns, in this order: those named; those of the GLUE task; sentence1 and sentence2 where
// both exist; else the first one or two columns of text that are not the label. Error when one does
// not exist or none is left.
std::vector<std::string> choose_text_columns(const Table& table, const TaskOptions& options);

// Of a labelled training file. The problem: as told, else the GLUE task's, else by the label
// column's type: fractions are regression, lists multi-label, anything else single-label; where
// numbers could be either, `known`, the problem in a model's config, decides. The labels: the GLUE
// task's names where they fit, else those in the column.
Task decide_task(const Table& table, const TaskOptions& options, std::optional<ProblemType> known);

// Of a file that a fine-tuned model is to answer: problem and labels are the model's.
Task task_of_model(const Table& table, const TaskOptions& options, const BertConfig& config);

// Reads files, as read_table() does. Columns that `text_columns` names are read as text, whatever
// they look like. `limit`: only the first so many rows.
Table read_examples(const std::string& path, const std::vector<std::string>& text_columns,
                    std::optional<int64_t> limit, ReadOptions options = {});

// Where tokens are kept for the next run, and what, beside text and length, they depend on.
struct TokenCache {
  DatasetCache cache;
  std::string tokenizer;                                // fingerprint_of_tokenizer()
  bool anew = false;                                    // what is kept is made again
  std::function<void(const std::string&)> report = {};  // told why tokens could not be kept
};

// Of the files in a checkpoint's directory that say how text becomes tokens.
std::string fingerprint_of_tokenizer(const std::string& directory);

// Tokenizes the text columns, or finds them in the cache (null: none), and makes targets from the
// label column when `labelled`. Errors name file, row and column: missing texts, unknown labels.
Examples encode_examples(const Table& table, const Task& task, const Tokenizer& tokenizer,
                         int64_t max_length, bool labelled, const TokenCache* cache = nullptr);

// The text of a row, its parts joined by " | ": for messages to people.
std::string text_of(const Table& table, const Task& task, int64_t row);

}  // namespace lathe
