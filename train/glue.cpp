#include "train/glue.h"

#include "base/error.h"
#include "train/metrics.h"

namespace lathe {

namespace {

const std::vector<GlueTask>& glue_tasks() {
  constexpr ProblemType kClasses = ProblemType::kSingleLabel;
  static const std::vector<GlueTask> tasks = {
      {"cola", "sentence", "", kClasses, {"unacceptable", "acceptable"}, MetricSet::kMatthews},
      {"mnli",
       "premise",
       "hypothesis",
       kClasses,
       {"entailment", "neutral", "contradiction"},
       MetricSet::kAccuracy},
      {"mrpc",
       "sentence1",
       "sentence2",
       kClasses,
       {"not_equivalent", "equivalent"},
       MetricSet::kAccuracyAndF1},
      {"qnli",
       "question",
       "sentence",
       kClasses,
       {"entailment", "not_entailment"},
       MetricSet::kAccuracy},
      {"qqp",
       "question1",
       "question2",
       kClasses,
       {"not_duplicate", "duplicate"},
       MetricSet::kAccuracyAndF1},
      {"rte",
       "sentence1",
       "sentence2",
       kClasses,
       {"entailment", "not_entailment"},
       MetricSet::kAccuracy},
      {"sst2", "sentence", "", kClasses, {"negative", "positive"}, MetricSet::kAccuracy},
      {"stsb", "sentence1", "sentence2", ProblemType::kRegression, {}, MetricSet::kCorrelations},
      {"wnli",
       "sentence1",
       "sentence2",
       kClasses,
       {"not_entailment", "entailment"},
       MetricSet::kAccuracy},
  };
  return tasks;
}

void add_combined_score(Metrics& metrics) {
  metrics.emplace_back("combined_score", 0.5 * (metrics[0].second + metrics[1].second));
}

Metrics class_metrics(MetricSet set, const Predictions& predictions, const Targets& targets) {
  const std::vector<int32_t> classes = predicted_classes(predictions);
  if (set == MetricSet::kMatthews)
    return {{"matthews_correlation", matthews_correlation(classes, targets.classes)}};
  Metrics metrics{{"accuracy", accuracy(classes, targets.classes)}};
  if (set == MetricSet::kAccuracyAndF1) {
    metrics.emplace_back("f1", f1_score(classes, targets.classes));
    add_combined_score(metrics);
  }
  return metrics;
}

Metrics multi_label_metrics(const Predictions& predictions, const Targets& targets) {
  const std::vector<uint8_t> answers = predicted_labels(predictions);
  std::vector<uint8_t> truth;
  truth.reserve(targets.values.size());
  for (const float value : targets.values) truth.push_back(value != 0.0f ? 1 : 0);
  return {{"f1", micro_f1(answers, truth)},
          {"accuracy", subset_accuracy(answers, truth, targets.columns)}};
}

Metrics regression_metrics(const GlueTask* task, const Predictions& predictions,
                           const Targets& targets) {
  if (task == nullptr) return {{"mse", mean_squared_error(predictions.logits, targets.values)}};
  Metrics metrics{{"pearson", pearson_correlation(predictions.logits, targets.values)},
                  {"spearmanr", spearman_correlation(predictions.logits, targets.values)}};
  add_combined_score(metrics);
  return metrics;
}

}  // namespace

const GlueTask& glue_task_named(std::string_view name) {
  std::string known;
  for (const GlueTask& task : glue_tasks()) {
    if (task.name == name) return task;
    known += (known.empty() ? "" : ", ") + std::string(task.name);
  }
  fail("--task_name ", name, ": must be one of ", known);
}

Metrics compute_metrics(const GlueTask* task, ProblemType type, const Predictions& predictions,
                        const Targets& targets) {
  if (type == ProblemType::kRegression) return regression_metrics(task, predictions, targets);
  if (type == ProblemType::kMultiLabel) return multi_label_metrics(predictions, targets);
  return class_metrics(task == nullptr ? MetricSet::kAccuracy : task->metrics, predictions,
                       targets);
}

}  // namespace lathe
