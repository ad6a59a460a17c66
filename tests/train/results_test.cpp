#include "train/results.h"

#include <gtest/gtest.h>

#include "base/file.h"
#include "tests/temporary_directory.h"
#include "tests/train/tiny_task.h"
#include "train/memory_plan.h"
#include "train/model_card.h"

namespace lathe {
namespace {

const Json::Object kEvaluation{{"eval_loss", 0.5},      {"eval_accuracy", 0.75},
                               {"eval_runtime", 61.25}, {"eval_samples_per_second", 8.0},
                               {"epoch", 3.0},          {"eval_samples", 408}};

TEST(Results, AreWrittenAndMerged) {
  const testing::TemporaryDirectory directory;
  save_results(directory.path(), "train", {{"train_loss", 0.25}, {"epoch", 3.0}});
  save_results(directory.path(), "eval", kEvaluation);
  const Json eval = read_json_file(directory.file("eval_results.json"));
  EXPECT_EQ(eval.as_object().size(), kEvaluation.size());
  EXPECT_EQ(eval.find("eval_accuracy")->as_double(), 0.75);
  const Json all = read_json_file(directory.file("all_results.json"));
  EXPECT_EQ(all.find("train_loss")->as_double(), 0.25);
  EXPECT_EQ(all.find("eval_samples")->as_integer(), 408);
  EXPECT_EQ(all.as_object().size(), 7u);
}

TEST(Results, TableIsTransformers) {
  EXPECT_EQ(results_table("eval", kEvaluation),
            "***** eval metrics *****\n"
            "  epoch                   =     3.0000\n"
            "  eval_accuracy           =     0.7500\n"
            "  eval_loss               =     0.5000\n"
            "  eval_runtime            = 0:01:01.25\n"
            "  eval_samples            =        408\n"
            "  eval_samples_per_second =     8.0000\n");
}

TEST(ModelCard, HasMetadataResultsAndHistory) {
  TrainerState state;
  state.log_history = {{{"loss", 0.625}, {"epoch", 0.5}, {"step", 10}},
                       {{"eval_loss", 0.5}, {"eval_accuracy", 0.75}, {"epoch", 1.0}, {"step", 20}},
                       {{"train_runtime", 2.0}, {"epoch", 1.0}, {"step", 20}},
                       {{"eval_loss", 0.5}, {"eval_accuracy", 0.75}, {"epoch", 1.0}, {"step", 20}}};
  const ModelCard card{.model_name = "out",
                       .base_model = "minilm",
                       .train_file = "train.csv",
                       .task_name = "",
                       .labels = {"no", "yes"},
                       .problem_type = ProblemType::kSingleLabel,
                       .max_seq_length = 128,
                       .eval_results = kEvaluation};
  const std::string text = model_card_text(card, {}, state);
  const auto contains = [&](const char* part) {
    EXPECT_NE(text.find(part), std::string::npos) << part << "\nis not in\n" << text;
  };
  EXPECT_EQ(text.rfind("---\nlibrary_name: transformers\n", 0), 0u);
  contains("metrics:\n- accuracy\nmodel-index:\n- name: \"out\"\n  results:\n  - task:\n");
  contains("    - type: accuracy\n      name: Accuracy\n      value: 0.75\n---\n");
  contains("# out\n\nThis model is a fine-tuned version of minilm on train.csv.");
  contains("- Loss: 0.5000\n- Accuracy: 0.7500\n");
  contains("single_label_classification: `no`, `yes`");
  contains("- learning_rate: 5e-05\n");
  contains("| Training Loss | Epoch | Step | Validation Loss | Accuracy |\n");
  contains("| 0.6250 | 1 | 20 | 0.5000 | 0.7500 |\n\n## Use");
}

TEST(MemoryPlan, AddsUpWhatARunTakes) {
  const auto model = testing::tiny_model(testing::tiny_config(0.1), 1);
  const MemoryPlan plan = plan_memory(*model, 80, 4);
  EXPECT_GE(plan.parameters, model->parameters().count() * 4);
  EXPECT_EQ(plan.moments, 2 * plan.parameters);
  EXPECT_EQ(plan.activations, model->activation_bytes(80, 4, true));
  EXPECT_EQ(memory_line({1 << 20, 1 << 20, 2 << 20, 3 << 19}),
            "memory: 5.5 MiB = parameters 1.0 + gradients 1.0 + AdamW 2.0 + activations 1.5");
}

}  // namespace
}  // namespace lathe
