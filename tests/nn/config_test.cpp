#include "nn/config.h"

#include <gtest/gtest.h>

#include "tests/temporary_directory.h"

namespace lathe {
namespace {

using testing::error_of;

BertConfig parse(const std::string& text) {
  return config_from_json(parse_json(text, "config.json"), "config.json");
}

TEST(Config, TakesTransformersDefaultsForMissingKeys) {
  const BertConfig config = parse("{}");
  EXPECT_EQ(config.hidden_size, 768);
  EXPECT_EQ(config.labels, (std::vector<std::string>{"LABEL_0", "LABEL_1"}));
  EXPECT_EQ(config.classifier_dropout_prob(), 0.1);
  EXPECT_FALSE(config.problem_type.has_value());
}

TEST(Config, ReadsLabelsByNumber) {
  const BertConfig config =
      parse(R"({"id2label": {"1": "yes", "0": "no"}, "label2id": {"yes": 1, "no": 0}})");
  EXPECT_EQ(config.labels, (std::vector<std::string>{"no", "yes"}));
  EXPECT_EQ(parse(R"({"num_labels": 1})").labels.size(), 1u);
}

TEST(Config, WritesBackWhatItDoesNotUse) {
  BertConfig config = parse(
      R"({"_name_or_path": "x", "use_cache": true, "torch_dtype": "float16", "hidden_size": 24,
          "num_attention_heads": 3, "pad_token_id": null, "classifier_dropout": 0.2})");
  config.labels = {"not_equivalent", "equivalent"};
  config.problem_type = ProblemType::kSingleLabel;
  const Json json = to_json(config);
  EXPECT_EQ(json.find("use_cache")->as_bool(), true);
  EXPECT_EQ(json.find("torch_dtype"), nullptr);
  EXPECT_EQ(json.find("dtype")->as_string(), "float32");
  EXPECT_TRUE(json.find("pad_token_id")->is_null());
  EXPECT_EQ(json.find("architectures")->dump(), R"(["BertForSequenceClassification"])");
  EXPECT_EQ(json.find("id2label")->dump(), R"({"0": "not_equivalent", "1": "equivalent"})");
  const BertConfig again = config_from_json(json, "again");
  EXPECT_EQ(again.labels, config.labels);
  EXPECT_EQ(again.hidden_size, 24);
  EXPECT_EQ(again.classifier_dropout, 0.2);
  EXPECT_EQ(again.problem_type, ProblemType::kSingleLabel);
}

TEST(Config, OverridesAreCheckedLikeTheFile) {
  BertConfig config = parse("{}");
  apply_overrides(config,
                  "hidden_dropout_prob=0,attention_probs_dropout_prob=0.5,classifier_dropout=null");
  EXPECT_EQ(config.hidden_dropout_prob, 0.0);
  EXPECT_EQ(config.attention_probs_dropout_prob, 0.5);
  apply_overrides(config, "problem_type=regression");
  EXPECT_EQ(config.problem_type, ProblemType::kRegression);
  EXPECT_EQ(error_of([&] { apply_overrides(config, "hiden_dropout_prob=0"); }),
            "config_overrides: the configuration has no key \"hiden_dropout_prob\"; did you mean "
            "hidden_dropout_prob?");
  error_of([&] { apply_overrides(config, "hidden_size"); });
  error_of([&] { apply_overrides(config, "hidden_size=abc"); });
  error_of([&] { apply_overrides(config, "hidden_size=0.5"); });
  EXPECT_EQ(error_of([&] { apply_overrides(config, "num_attention_heads=7"); }),
            "config_overrides: hidden_size 768 is not a multiple of num_attention_heads 7");
}

class BadConfig : public ::testing::TestWithParam<std::pair<const char*, const char*>> {};

TEST_P(BadConfig, IsRefusedByKey) {
  const auto& [text, expected] = GetParam();
  EXPECT_EQ(error_of([&, json = text] { parse(json); }), std::string("config.json: ") + expected);
}

INSTANTIATE_TEST_SUITE_P(
    Values, BadConfig,
    ::testing::Values(
        std::pair{"[]", "expected an object, found an array"},
        std::pair{R"({"hidden_size": "768"})", "hidden_size: expected an integer, found a string"},
        std::pair{R"({"hidden_size": 100})",
                  "hidden_size 100 is not a multiple of num_attention_heads 12"},
        std::pair{R"({"num_attention_heads": 0})",
                  "num_attention_heads is 0; it must be between 1 and 268435456"},
        std::pair{R"({"vocab_size": 1152921504606846976})",
                  "vocab_size is 1152921504606846976; it must be between 1 and 268435456"},
        std::pair{R"({"model_type": "roberta"})",
                  "model_type is \"roberta\"; only \"bert\" is supported"},
        std::pair{R"({"hidden_act": "relu"})",
                  "hidden_act is \"relu\"; only \"gelu\" is supported"},
        std::pair{R"({"position_embedding_type": "relative_key"})",
                  "position_embedding_type is \"relative_key\"; only \"absolute\" is supported"},
        std::pair{R"({"is_decoder": true})", "is_decoder is true; only false is supported"},
        std::pair{R"({"hidden_dropout_prob": 1})",
                  "hidden_dropout_prob is 1; it must be at least 0 and below 1"},
        std::pair{R"({"id2label": {"0": "a", "2": "b"}})",
                  "id2label has the key \"2\"; its 2 keys must be 0 to 1"},
        std::pair{R"({"id2label": {"0": "a", "1": "b"}, "label2id": {"a": 1, "b": 0}})",
                  "label2id gives \"a\" the number 1, which id2label does not"},
        std::pair{R"({"id2label": {"0": "a", "1": "b"}, "num_labels": 3})",
                  "num_labels is 3, but id2label has 2 labels"},
        std::pair{R"({"id2label": {}})", "id2label is empty; at least one label is needed"},
        std::pair{R"({"problem_type": "other"})",
                  "problem_type: problem_type \"other\": one of single_label_classification, "
                  "multi_label_classification, regression is needed"},
        std::pair{R"({"pad_token_id": 40000})",
                  "pad_token_id is 40000, outside the vocab_size 30522"}));

}  // namespace
}  // namespace lathe
