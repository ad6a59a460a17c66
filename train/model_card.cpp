#include "train/model_card.h"

#include <algorithm>
#include <cctype>
#include <cstdio>
#include <sstream>

#include "base/file.h"
#include "train/version.h"

namespace lathe {

namespace {

std::string fixed(double value) {
  char text[48];
  std::snprintf(text, sizeof text, "%.4f", value);
  return text;
}

// eval_spearmanr → spearmanr; nothing for speeds and the like, which are no results.
std::string metric_name(const std::string& key) {
  constexpr std::string_view kPrefix = "eval_";
  if (!key.starts_with(kPrefix)) return "";
  const std::string name = key.substr(kPrefix.size());
  const bool result = name != "runtime" && name != "samples" && !name.ends_with("_per_second");
  return result ? name : "";
}

// combined_score → Combined Score.
std::string title(std::string name) {
  bool start = true;
  for (char& c : name) {
    if (c == '_') c = ' ';
    if (start) c = static_cast<char>(std::toupper(static_cast<unsigned char>(c)));
    start = c == ' ';
  }
  return name;
}

// A YAML string: JSON's strings are YAML's double-quoted ones.
std::string quoted(const std::string& text) { return Json(text).dump(); }

std::vector<std::pair<std::string, double>> results_of(const Json::Object& metrics) {
  std::vector<std::pair<std::string, double>> results;
  for (const auto& [key, value] : metrics) {
    const std::string name = metric_name(key);
    if (!name.empty() && value.is_number()) results.emplace_back(name, value.as_double());
  }
  return results;
}

void write_front_matter(const ModelCard& card, std::ostream& out) {
  out << "---\nlibrary_name: transformers\npipeline_tag: text-classification\ntags:\n- "
         "generated_from_trainer\n- lathe\n";
  const auto results = results_of(card.eval_results);
  std::string metrics, values;
  for (const auto& [name, value] : results) {
    if (name == "loss") continue;
    metrics += "- " + name + "\n";
    values += "    - type: " + name + "\n      name: " + title(name) +
              "\n      value: " + Json(value).dump() + "\n";
  }
  if (!metrics.empty()) out << "metrics:\n" << metrics;
  out << "model-index:\n- name: " << quoted(card.model_name) << "\n  results:";
  if (values.empty()) {
    out << " []\n---\n";
    return;
  }
  const std::string data = card.task_name.empty() ? card.train_file : "GLUE " + card.task_name;
  out << "\n  - task:\n      type: text-classification\n      name: Text Classification\n    "
         "dataset:\n      name: "
      << quoted(data) << "\n      type: " << (card.task_name.empty() ? "text" : "glue")
      << "\n    metrics:\n"
      << values << "---\n";
}

void write_results(const ModelCard& card, std::ostream& out) {
  const auto results = results_of(card.eval_results);
  if (results.empty()) return;
  out << "\nIt achieves the following results on the evaluation set:\n";
  for (const auto& [name, value] : results)
    out << "- " << title(name) << ": " << fixed(value) << "\n";
}

void write_hyperparameters(const ModelCard& card, const TrainingArguments& a, std::ostream& out) {
  out << "\n## Training procedure\n\n### Training hyperparameters\n\n"
      << "The following hyperparameters were used during training:\n"
      << "- learning_rate: " << a.learning_rate
      << "\n- train_batch_size: " << a.per_device_train_batch_size
      << "\n- eval_batch_size: " << a.per_device_eval_batch_size << "\n- seed: " << a.seed << "\n";
  if (a.num_processes > 1) out << "- num_devices: " << a.num_processes << "\n";
  if (a.gradient_accumulation_steps > 1)
    out << "- gradient_accumulation_steps: " << a.gradient_accumulation_steps << "\n";
  if (a.batches_per_update() > 1) {
    out << "- total_train_batch_size: " << a.batches_per_update() * a.per_device_train_batch_size
        << "\n";
  }
  out << "- optimizer: AdamW with betas=(" << a.adam_beta1 << "," << a.adam_beta2
      << "), epsilon=" << a.adam_epsilon << " and weight_decay=" << a.weight_decay
      << "\n- max_grad_norm: " << a.max_grad_norm
      << "\n- lr_scheduler_type: " << name_of(a.lr_scheduler_type) << "\n";
  if (a.warmup_steps > 0) out << "- lr_scheduler_warmup_steps: " << a.warmup_steps << "\n";
  if (a.max_steps > 0) {
    out << "- training_steps: " << a.max_steps << "\n";
  } else {
    out << "- num_epochs: " << a.num_train_epochs << "\n";
  }
  if (a.bf16) out << "- mixed_precision_training: bf16\n";
  out << "- max_seq_length: " << card.max_seq_length << "\n";
}

// A row for each evaluation during training; the header follows from the first.
void write_history(const TrainerState& state, std::ostream& out) {
  std::string training_loss = "No log";
  bool header = false;
  for (const Json::Object& object : state.log_history) {
    const Json entry = object;
    if (entry.find("train_runtime") != nullptr) return;
    if (const Json* loss = entry.find("loss")) training_loss = fixed(loss->as_double());
    if (entry.find("eval_loss") == nullptr) continue;
    const auto results = results_of(object);
    if (!header) {
      out << "\n### Training results\n\n| Training Loss | Epoch | Step |";
      for (const auto& [name, value] : results)
        out << " " << (name == "loss" ? "Validation Loss" : title(name)) << " |";
      out << "\n|:-:|:-:|:-:|";
      for (std::size_t i = 0; i < results.size(); ++i) out << ":-:|";
      out << "\n";
      header = true;
    }
    out << "| " << training_loss << " | " << entry.find("epoch")->as_double() << " | "
        << entry.find("step")->dump() << " |";
    for (const auto& [name, value] : results) out << " " << fixed(value) << " |";
    out << "\n";
  }
}

}  // namespace

std::string model_card_text(const ModelCard& card, const TrainingArguments& arguments,
                            const TrainerState& state) {
  std::ostringstream out;
  write_front_matter(card, out);
  out << "\n# " << card.model_name << "\n\nThis model is a fine-tuned version of "
      << card.base_model << " on " << card.train_file << ".\n";
  write_results(card, out);
  out << "\n## Labels\n\n" << name_of(card.problem_type) << ": ";
  for (std::size_t i = 0; i < card.labels.size(); ++i)
    out << (i == 0 ? "" : ", ") << "`" << card.labels[i] << "`";
  out << "\n";
  write_hyperparameters(card, arguments, out);
  write_history(state, out);
  out << "\n## Use\n\n```python\nfrom transformers import pipeline\n\nclassify = "
         "pipeline(\"text-classification\", \""
      << card.model_name << "\")\n```\n\n### Framework versions\n\n- Lathe " << kVersion << "\n";
  return out.str();
}

}  // namespace lathe
