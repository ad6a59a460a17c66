// The tasks of GLUE (Wang et al. 2019) as run_glue.py knows them, and the metrics of any other
// task.
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "data/labels.h"
#include "nn/config.h"
#include "train/predictions.h"

namespace lathe {

enum class MetricSet { kAccuracy, kAccuracyAndF1, kMatthews, kCorrelations };

struct GlueTask {
  std::string_view name;           // "mrpc"
  std::string_view first, second;  // the text columns; second is empty for single sentences
  ProblemType problem_type;
  std::vector<std::string> labels;  // in the order of their numbers; empty for regression
  MetricSet metrics;
};

// Error listing the tasks for an unknown name.
const GlueTask& glue_task_named(std::string_view name);

using Metrics = std::vector<std::pair<std::string, double>>;

// The metrics of labelled examples:
//   mrpc, qqp           accuracy, f1 and their mean, combined_score
//   cola                matthews_correlation
//   stsb                pearson, spearmanr and their mean, combined_score
//   other GLUE tasks    accuracy
// and without a task
//   single label        accuracy
//   multi-label         f1 (micro) and accuracy (every label of an example right)
//   regression          mse
Metrics compute_metrics(const GlueTask* task, ProblemType type, const Predictions& predictions,
                        const Targets& targets);

}  // namespace lathe
